import { useEffect, useState } from 'preact/hooks';
import type { ApiHistory } from '../api';
import { answer, history, liveHistory, Refused, type HistoryQuery } from '../client';
import { byteRate, rate } from '../format';
import type { GraphLink, GraphNode, GraphPort } from '../model/graph';
import { state } from '../state';
import { Chart } from './Chart';
import { describe, fixed } from './ranges';

interface Points extends Pick<ApiHistory, 'bytesToServerPerSecond' | 'bytesToClientPerSecond' | 'openedPerSecond' | 'failedPerSecond'> {
  times: number[];
}

/** Small charts of a node or a link over the range: from the store where there is one to ask, else from what this page saw. */
export function HistoryCharts({ ports, of }: { ports: readonly GraphPort[]; of: GraphNode | GraphLink }) {
  const { scope, range } = state.value;
  const query = scope === 'cluster' ? queryFor(of) : null;
  return (
    <section class="detail-section charts">
      <h3>{scope === 'cluster' && query ? describe(range ?? { last: 300 }) : 'Since this page was opened'}</h3>
      {query ? <FromStore query={query} /> : <Live ports={ports} />}
    </section>
  );
}

/** What a history can be asked for by name: a workload, or a link between two; not a fold. */
function queryFor(of: GraphNode | GraphLink): Pick<HistoryQuery, 'client' | 'server'>[] | null {
  const end = (node: GraphNode) => ({ name: node.name, namespace: node.namespace });
  if ('client' in of) {
    return of.client.fold === 'none' && of.server.fold === 'none' ? [{ client: end(of.client), server: end(of.server) }] : null;
  }

  return of.fold === 'none' ? [{ client: end(of) }, { server: end(of) }] : null;
}

function Live({ ports }: { ports: readonly GraphPort[] }) {
  void answer.value; // a new sample comes with each answer
  return <Charts points={liveHistory(ports)} />;
}

function FromStore({ query }: { query: Pick<HistoryQuery, 'client' | 'server'>[] }) {
  const [points, setPoints] = useState<Points | null>(null);
  const [wrong, setWrong] = useState<string | null>(null);
  const { range } = state.value;
  const which = JSON.stringify([query, range]);
  // What follows the clock is asked for again with each answer, but not more often than it can differ.
  const turn = range && 'from' in range ? 0 : Math.floor((answer.value?.to ?? 0) / Math.max(10, range && 'last' in range ? range.last / 120 : 10));

  useEffect(() => {
    const controller = new AbortController();
    const { from, to } = fixed(range);
    Promise.all(query.map((one) => history({ ...one, from, to }, controller.signal)))
      .then((parts) => {
        setWrong(null);
        setPoints(sum(parts));
      })
      .catch((error: unknown) => {
        if (!controller.signal.aborted) {
          setWrong(error instanceof Refused ? error.message : 'The agent does not answer.');
        }
      });
    return () => controller.abort();
  }, [which, turn]);

  return (
    <>
      {wrong !== null && <p class="note">No charts: {wrong}</p>}
      {points ? <Charts points={points} /> : wrong === null && <p class="quiet chart-wait">Asking the store…</p>}
    </>
  );
}

/** Parts of one node: as client and as server. They have the same steps, since they were asked for together. */
function sum(parts: ApiHistory[]): Points {
  const [first] = parts;
  const add = (pick: (part: ApiHistory) => (number | null)[]) => (first ? pick(first) : []).map((_, index) =>
    parts.reduce<number | null>((total, part) => {
      const value = pick(part)[index] ?? null;
      return value === null ? total : (total ?? 0) + value;
    }, null));
  return {
    times: first ? first.bytesToServerPerSecond.map((_, index) => first.from + index * first.step) : [],
    bytesToServerPerSecond: add((part) => part.bytesToServerPerSecond),
    bytesToClientPerSecond: add((part) => part.bytesToClientPerSecond),
    openedPerSecond: add((part) => part.openedPerSecond),
    failedPerSecond: add((part) => part.failedPerSecond),
  };
}

function Charts({ points }: { points: Points }) {
  if (points.times.length < 2) {
    return <p class="quiet chart-wait">The charts begin with the next two samples.</p>;
  }

  return (
    <>
      <Chart
        title="Bytes per second" times={points.times} format={byteRate}
        series={[
          { name: 'to servers', kind: 'to', values: points.bytesToServerPerSecond },
          { name: 'to clients', kind: 'from', values: points.bytesToClientPerSecond },
        ]}
      />
      <Chart
        title="Connections per second" times={points.times} format={rate}
        series={[
          { name: 'opened', kind: 'to', values: points.openedPerSecond },
          { name: 'failed', kind: 'bad', values: points.failedPerSecond },
        ]}
      />
    </>
  );
}
