import { useState } from 'preact/hooks';
import type { ApiAgent } from '../api';
import { age, answer, loading, problem, retry } from '../client';
import { bytes, count, counted, duration } from '../format';
import { graph } from '../model/current';
import { state, update } from '../state';
import { advice } from './EmptyState';
import { Icon } from './Icon';
import { Name } from './Name';
import { judge, losses, type Verdict } from './verdict';

/** How the agents are that all of this comes from: tier, losses, poll time, memory, and how old the data are. */
export function HealthStrip() {
  const [open, setOpen] = useState(false);
  const known = answer.value;
  const wrong = problem.value;
  if (!known) {
    return null;
  }

  const verdicts = known.agents.map(judge);
  const bad = verdicts.filter((verdict) => verdict.level === 'bad').length;
  const incomplete = known.incompleteLinks ?? 0;
  const noted = verdicts.some((verdict) => verdict.level === 'note') || known.omittedLinks + incomplete > 0;
  const level = wrong || bad > 0 ? 'bad' : noted ? 'note' : 'good';
  const [only] = known.agents;
  const single = known.scope === 'node' && only;
  return (
    <section class={`health ${level}`} aria-label="Health of the agents">
      <div class="health-line">
        <Freshness />
        {wrong && (
          <span class="health-problem bad">
            <Icon name="warning" /> <span role="alert">{advice(wrong).title}.</span>{' '}
            {known.detail === 'sketch' ? 'Connections, failures and when links were seen are missing.' : `What is shown is ${duration(age.value ?? 0)} old.`}{' '}
            <button type="button" class="plain" onClick={retry}>Try again</button>
          </span>
        )}
        {single ? <Single agent={only} verdict={verdicts[0]!} /> : <Summary agents={known.agents} verdicts={verdicts} />}
        {known.omittedLinks > 0 && (
          <span class="warn"><Icon name="warning" /> {counted(known.omittedLinks, 'small link')} left out: there are too many</span>
        )}
        {incomplete > 0 && (
          <span class="warn">
            <Icon name="warning" /> {counted(incomplete, 'link')} that ended and came back may count too little: a shorter range knows more
          </span>
        )}
        <HiddenSystem />
        <button type="button" class="plain health-more" aria-expanded={open} onClick={() => setOpen(!open)}>
          {single ? 'Details' : counted(known.agents.length, 'agent')}
          <Icon name="down" />
        </button>
      </div>
      {open && <Agents agents={known.agents} verdicts={verdicts} />}
    </section>
  );
}

/** What nobody asked for and is left out, with the way to see it. */
function HiddenSystem() {
  const hidden = graph.value?.hiddenSystem ?? 0;
  const { system } = state.value;
  if (hidden === 0 && !system) {
    return null;
  }

  return (
    <span class="quiet hidden-system">
      {system ? 'System namespaces shown' : `${counted(hidden, 'system workload')} hidden`}{' '}
      <button
        type="button" class="plain" aria-label={system ? 'Hide system namespaces' : 'Show system namespaces'}
        onClick={() => update({ system: !system })}
      >
        {system ? 'Hide' : 'Show'}
      </button>
    </span>
  );
}

function Freshness() {
  const { scope, range } = state.value;
  if (loading.value) {
    return <span class="freshness"><span class="dot" /> Loading…</span>;
  }

  if (problem.value) {
    return null;
  }

  const stands = scope === 'cluster' && range !== null && 'from' in range;
  const seconds = age.value ?? 0;
  return (
    <span class="freshness">
      <span class={`dot ${stands ? '' : 'live'}`} />
      {stands ? 'Fixed range' : range === null || scope === 'node' ? 'Live' : 'Follows the clock'}
      {!stands && <span class="quiet age"> {seconds < 3 ? 'now' : `${duration(seconds)} ago`}</span>}
    </span>
  );
}

function Single({ agent, verdict }: { agent: ApiAgent; verdict: Verdict }) {
  return (
    <>
      {verdict.reasons.map((reason) => <span key={reason} class={verdict.level === 'bad' ? 'bad' : 'warn'}><Icon name="warning" /> {reason}</span>)}
      <dl class="facts">
        {agent.tier !== undefined && <Fact name="Tier" value={agent.tier} />}
        {verdict.level !== 'bad' && <Fact name="Lost" value="nothing" />}
        {agent.pollSeconds !== undefined && <Fact name="Poll" value={duration(agent.pollSeconds)} />}
        {agent.residentBytes !== undefined && <Fact name="Memory" value={bytes(agent.residentBytes)} />}
        {agent.liveSockets !== undefined && <Fact name="Sockets" value={count(agent.liveSockets)} />}
      </dl>
    </>
  );
}

function Summary({ agents, verdicts }: { agents: ApiAgent[]; verdicts: Verdict[] }) {
  const bad = verdicts.filter((verdict) => verdict.level === 'bad');
  const notes = verdicts.filter((verdict) => verdict.level === 'note');
  const worst = (pick: (agent: ApiAgent) => number | undefined) => Math.max(0, ...agents.map((agent) => pick(agent) ?? 0));
  return (
    <>
      {bad.length > 0 && <span class="bad"><Icon name="warning" /> {counted(bad.length, 'agent')}: {bad[0]!.reasons[0]}{bad.length > 1 ? ', …' : ''}</span>}
      {notes.length > 0 && <span class="warn"><Icon name="warning" /> {counted(notes.length, 'agent')}: {notes[0]!.reasons[0]}{notes.length > 1 ? ', …' : ''}</span>}
      {agents.length > 0 && (
        <dl class="facts">
          {bad.length + notes.length === 0 && <Fact name="Lost" value="nothing" />}
          <Fact name="Slowest poll" value={duration(worst((agent) => agent.pollSeconds))} />
          <Fact name="Most memory" value={bytes(worst((agent) => agent.residentBytes))} />
        </dl>
      )}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return <div><dt>{name}</dt><dd>{value}</dd></div>;
}

const shownAgents = 200;

function Agents({ agents, verdicts }: { agents: ApiAgent[]; verdicts: Verdict[] }) {
  const rank = { bad: 0, note: 1, good: 2 };
  const order = agents.map((_, index) => index).sort((a, b) => rank[verdicts[a]!.level] - rank[verdicts[b]!.level] || a - b);
  return (
    <div class="agents" tabIndex={0} role="group" aria-label="Agents">
      <table>
        <thead>
          <tr>
            <th scope="col">Node</th><th scope="col">State</th><th scope="col">Tier</th><th scope="col" class="number">Poll</th>
            <th scope="col" class="number">Lost</th><th scope="col" class="number">Links</th><th scope="col" class="number">Memory</th>
            <th scope="col">Version</th>
          </tr>
        </thead>
        <tbody>
          {order.slice(0, shownAgents).map((index) => {
            const agent = agents[index]!;
            const verdict = verdicts[index]!;
            return (
              <tr key={index}>
                <th scope="row"><Name>{agent.node ?? 'this agent'}</Name>{agent.pod && <div class="quiet"><Name>{agent.pod}</Name></div>}</th>
                <td class={verdict.level === 'bad' ? 'bad' : verdict.level === 'note' ? 'warn' : ''}>
                  {verdict.reasons.length === 0 ? <><Icon name="check" /> in order</> : <><Icon name="warning" /> {verdict.reasons.join('; ')}</>}
                </td>
                <td>{agent.tier ?? '–'}{agent.tierReason && <div class="quiet">{agent.tierReason}</div>}</td>
                <td class="number">{agent.pollSeconds === undefined ? '–' : duration(agent.pollSeconds)}{agent.pollInterval !== undefined && <div class="quiet">every {duration(agent.pollInterval)}</div>}</td>
                <td class="number">{count(losses(agent))}</td>
                <td class="number">{agent.links === undefined ? '–' : count(agent.links)}{agent.linkBudget !== undefined && <div class="quiet">of {count(agent.linkBudget)}</div>}</td>
                <td class="number">{agent.residentBytes === undefined ? '–' : bytes(agent.residentBytes)}{agent.mapBytes !== undefined && <div class="quiet">+ {bytes(agent.mapBytes)} in the kernel</div>}</td>
                <td>{agent.agentVersion ?? '–'}{agent.kernel && <div class="quiet">{agent.kernel}</div>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {order.length > shownAgents && <p class="quiet">and {counted(order.length - shownAgents, 'agent')} more, no worse than these</p>}
    </div>
  );
}
