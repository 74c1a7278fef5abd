// Whether an agent can be believed.

import type { ApiAgent } from '../api';
import { bytes, counted } from '../format';

/** `bad`: something was lost or is down. `note`: it works, with less than the best. */
export interface Verdict {
  level: 'bad' | 'note' | 'good';
  reasons: string[];
}

/** Above this share of its budget of links an agent soon adds the rest up under one name. */
const nearBudget = 0.9;

/** Updates, connections and events that were not counted. */
export function losses(agent: ApiAgent): number {
  return (agent.lostUpdates ?? 0) + (agent.lostConnections ?? 0) + (agent.missedEvents ?? 0);
}

/** What is wrong with an agent, the worst first. */
export function judge(agent: ApiAgent): Verdict {
  const bad: string[] = [];
  const notes: string[] = [];
  if (agent.up === false) {
    bad.push(`${agent.node ?? 'the agent'} is down`);
  }

  const lose = (value: number | undefined, what: (value: number) => string) => {
    if (value !== undefined && value > 0) {
      bad.push(what(value));
    }
  };
  lose(agent.lostUpdates, (value) => `${counted(value, 'update')} lost`);
  lose(agent.lostConnections, (value) => `${counted(value, 'connection')} not counted`);
  lose(agent.lostBytes, (value) => `${bytes(value)} not counted`);
  lose(agent.missedEvents, (value) => `${counted(value, 'event')} missed`);
  lose(agent.failedPolls, (value) => `${counted(value, 'poll')} failed`);
  if (agent.tier !== undefined && agent.tier !== 'main') {
    notes.push(agent.tierReason ? `tier ${agent.tier}: ${agent.tierReason}` : `tier ${agent.tier}`);
  }

  if (agent.links !== undefined && agent.linkBudget !== undefined && agent.linkBudget > 0 && agent.links >= nearBudget * agent.linkBudget) {
    notes.push(`${counted(agent.links, 'link')} of at most ${agent.linkBudget}`);
  }

  if (agent.pollSeconds !== undefined && agent.pollInterval !== undefined && agent.pollSeconds > agent.pollInterval / 2) {
    notes.push('polls take long');
  }

  return { level: bad.length > 0 ? 'bad' : notes.length > 0 ? 'note' : 'good', reasons: [...bad, ...notes] };
}
