import type { ComponentChildren } from 'preact';
import { answer, loading, problem, retry, type Problem } from '../client';
import { counted, duration } from '../format';
import { graph } from '../model/current';
import { state, update } from '../state';
import { clearFilters, filtersSet } from './filters';

/** Where there is nothing to show: why, and what to do. Nothing where there is. */
export function EmptyState() {
  const content = explain();
  return (
    <div class="empty" role="status" hidden={content === null}>
      {content && <div class="empty-box">{content}</div>}
    </div>
  );
}

function explain(): ComponentChildren | null {
  const shown = graph.value;
  const now = answer.value;
  const wrong = problem.value;
  if (!now) {
    return wrong ? <Away problem={wrong} /> : <Waiting />;
  }

  if (!shown || shown.links.length > 0) {
    return null;
  }

  if (loading.value) {
    return <Waiting />;
  }

  if (filtersSet(state.value) > 0 || state.value.search !== '') {
    return (
      <>
        <h2>Nothing matches</h2>
        <p>{shown.filteredLinks > 0 ? `The filters hide all of ${counted(shown.totalLinks, 'link')}.` : 'No link was seen that could match.'}</p>
        <p><button type="button" class="button primary" onClick={clearFilters}>Clear filters</button> <SystemButton /></p>
      </>
    );
  }

  if (shown.hiddenSystem > 0) {
    return (
      <>
        <h2>Only the system talks</h2>
        <p>All {counted(shown.hiddenSystem, 'workload')} seen belong to the system or to Caretta, which are hidden.</p>
        <p><SystemButton /></p>
      </>
    );
  }

  if (now.agents.length > 0 && now.agents.every((agent) => agent.up === false)) {
    return (
      <>
        <h2>No agent is up</h2>
        <p>The store answers, and says that none of {counted(now.agents.length, 'agent')} could be asked at the end of this time.</p>
      </>
    );
  }

  return now.scope === 'node'
    ? (
      <>
        <h2>No connections yet</h2>
        <p>
          In {duration(now.to - now.from)} no TCP connection between two parties was seen on this machine. Links appear here within seconds of
          the first one; what stays on a pod's own loopback is counted, not shown.
        </p>
        <p class="quiet">Try <code>curl http://example.com</code> on this machine, or from a pod.</p>
      </>
    )
    : (
      <>
        <h2>Nothing in this time</h2>
        <p>
          {now.agents.length === 0
            ? 'The store has heard of no agent in this time. Does it scrape them? Its targets page tells.'
            : `${counted(now.agents.length, 'agent')} reported, and no link moved in this time.`}
        </p>
        <p>
          <button type="button" class="button primary" onClick={() => update({ range: { last: 86_400 }, compare: null })}>Look at the last 24 hours</button>
        </p>
      </>
    );
}

function Waiting() {
  return <p class="waiting">{state.value.scope === 'cluster' ? 'Asking the store…' : 'Asking the agent…'}</p>;
}

function SystemButton() {
  return (graph.value?.hiddenSystem ?? 0) > 0
    ? <button type="button" class="button" onClick={() => update({ system: true })}>Show system namespaces</button>
    : null;
}

function Away({ problem: wrong }: { problem: Problem }) {
  const { title, help } = advice(wrong);
  const cluster = state.value.scope === 'cluster';
  return (
    <>
      <h2>{title}</h2>
      <p>{help}</p>
      {wrong.message !== '' && <p class="quiet"><code>{wrong.message}</code></p>}
      <p>
        <button type="button" class="button primary" onClick={retry}>Try again</button>{' '}
        {cluster && <button type="button" class="button" onClick={() => update({ scope: 'node', range: null, compare: null })}>Look at this node</button>}
      </p>
    </>
  );
}

/** What a problem is called, and what helps. */
export function advice(wrong: Problem): { title: string; help: string } {
  switch (wrong.reason) {
    case 'unreachable':
      return { title: 'The agent does not answer', help: 'It may be restarting, or the way to it is closed (a port-forward that ended). The page goes on asking.' };
    case 'starting':
      return { title: 'The agent is starting', help: 'It has not polled the kernel yet. This takes a few seconds at most.' };
    case 'no-store':
      return {
        title: 'No store is set',
        help: 'The cluster comes from the Prometheus-compatible server that scrapes the agents. Start the agent with PROMETHEUS_URL set to it; the chart does so when it installs one.',
      };
    case 'store-away':
      return { title: 'The store does not answer', help: 'The agent is here, but the server named by PROMETHEUS_URL is not, or it refused. The page goes on asking.' };
    case 'store-slow':
      return { title: 'The store is too slow', help: 'It took too long to answer. A shorter range asks less of it.' };
    case 'too-large':
      return { title: 'Too much at once', help: 'The store has more for this range than the agent takes. A shorter range asks less of it.' };
    case 'busy':
      return { title: 'Too many ask at once', help: 'The agent puts only a few questions to the store at a time. The page goes on asking.' };
    case 'bad-parameter':
      return { title: 'The agent refuses this', help: 'The address of this page asks for something that it does not allow, perhaps a range in the future.' };
    default:
      return 'status' in wrong && wrong.status === 404
        ? { title: 'The map is switched off', help: 'This agent serves no map (MAP=false). Its metrics are still at /metrics.' }
        : { title: 'The agent cannot answer', help: 'It says why below. The page goes on asking.' };
  }
}
