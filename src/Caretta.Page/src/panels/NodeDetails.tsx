import { useState } from 'preact/hooks';
import { byteRate, bytes, count, counted, growth, time } from '../format';
import type { GraphLink, GraphNode } from '../model/graph';
import { state, update } from '../state';
import { changeMarks } from './changes';
import { CopyQuery } from './CopyQuery';
import { toggleFold } from './filters';
import { HistoryCharts } from './HistoryCharts';
import { Icon } from './Icon';
import { Name, visible } from './Name';
import { promql } from './promql';
import { beforeOf } from './sorting';

/** A node: what it is, how much it moves, with whom, on which ports. */
export function NodeDetails({ node, links }: { node: GraphNode; links: readonly GraphLink[] }) {
  const asServer = links.filter((link) => link.server.key === node.key);
  const asClient = links.filter((link) => link.client.key === node.key);
  const all = [...asServer, ...asClient];
  const sum = (pick: (link: GraphLink) => number) => all.reduce((total, link) => total + pick(link), 0);
  const failed = sum((link) => link.failed);
  const firstSeen = Math.min(...all.map((link) => link.firstSeen));
  const lastSeen = Math.max(...all.map((link) => link.lastSeen));
  return (
    <>
      <header class="detail-section">
        <p class="quiet">{node.fold === 'none' ? node.kind : node.fold === 'external' ? 'Everything outside' : 'Namespace'}</p>
        <h2><bdi class="whole">{visible(node.name)}</bdi></h2>
        {node.fold === 'none'
          ? <p class="quiet">in <bdi>{node.namespace}</bdi>{node.owner !== undefined && <>, owned by <bdi>{node.owner}</bdi></>}</p>
          : <p class="quiet">{counted(node.members, 'workload')} in one box</p>}
        {node.unresolved && <p class="note">{whyUnresolved(node)}</p>}
        {node.health === 'failing' && <p class="bad"><Icon name="warning" /> Connections fail</p>}
        {node.change && node.change !== 'same' && <p class={`change-${node.change}`}>{changeMarks[node.change]} {node.change} since the other range</p>}
        <div class="menu-buttons">
          {node.fold === 'none' && (
            <button type="button" class="button" onClick={() => update({ search: node.name, namespaces: [node.namespace] })}>Show only this</button>
          )}
          <FoldButton node={node} />
        </div>
      </header>
      <HistoryCharts ports={all.flatMap((link) => link.ports)} of={node} />
      <section class="detail-section">
        <dl class="figures">
          <div><dt>In</dt><dd>{byteRate(node.bytesInPerSecond)}<Exact value={node.bytesIn} /></dd></div>
          <div><dt>Out</dt><dd>{byteRate(node.bytesOutPerSecond)}<Exact value={node.bytesOut} /></dd></div>
          <div><dt>Connections</dt><dd>{count(sum((link) => link.open))} open<span class="quiet"> {count(sum((link) => link.opened))} opened</span></dd></div>
          <div><dt>Failed</dt><dd class={failed > 0 ? 'bad' : ''}>{count(failed)}</dd></div>
          {all.length > 0 && <div><dt>First seen</dt><dd>{time(firstSeen)}</dd></div>}
          {all.length > 0 && <div><dt>Last moved</dt><dd>{time(lastSeen)}</dd></div>}
        </dl>
      </section>
      <Peers title="Servers" hint="what it asks" links={asClient} peer={(link) => link.server} />
      <Peers title="Clients" hint="who asks it" links={asServer} peer={(link) => link.client} />
      <Ports links={asServer} />
      <CopyQuery query={promql(node)} />
    </>
  );
}

/** Totals are exact: all digits are worth showing. */
export function Exact({ value }: { value: number }) {
  return <span class="quiet exact" title={bytes(value)}>{count(value)} B in all</span>;
}

function whyUnresolved(node: GraphNode): string {
  return node.kind === 'external'
    ? 'Known by its address only: no workload, service or node has it, and no name was found for it.'
    : 'Known by its address only: what has it was gone before its name was learnt.';
}

function FoldButton({ node }: { node: GraphNode }) {
  if (node.fold === 'external' || (node.fold === 'none' && node.kind === 'external')) {
    return (
      <button type="button" class="button" onClick={() => update({ foldExternal: node.fold === 'none', selected: null })}>
        {node.fold === 'none' ? 'Fold all outside' : 'Unfold'}
      </button>
    );
  }

  return (
    <button
      type="button" class="button"
      onClick={() => {
        const folding = !state.value.folded.includes(node.namespace);
        toggleFold(node.namespace);
        update({ selected: folding ? null : state.value.selected }, 'replace');
      }}
    >
      {node.fold === 'none' ? 'Fold its namespace' : 'Unfold'}
    </button>
  );
}

const shownPeers = 8;

interface PeersProps {
  title: string;
  hint: string;
  links: readonly GraphLink[];
  peer: (link: GraphLink) => GraphNode;
}

/** The ones it talks to, the busiest first; bars compare them. */
function Peers({ title, hint, links, peer }: PeersProps) {
  const [all, setAll] = useState(false);
  if (links.length === 0) {
    return null;
  }

  const traffic = (link: GraphLink) => link.bytesToServerPerSecond + link.bytesToClientPerSecond;
  const total = (link: GraphLink) => link.bytesToServer + link.bytesToClient;
  const sorted = [...links].sort((a, b) => traffic(b) - traffic(a) || total(b) - total(a));
  const most = Math.max(traffic(sorted[0]!), Number.MIN_VALUE);
  return (
    <section class="detail-section">
      <h3>{title} <span class="quiet">{count(links.length)}, {hint}</span></h3>
      <ul class="peers">
        {sorted.slice(0, all ? sorted.length : shownPeers).map((link) => (
          <li key={link.key}>
            <button type="button" class="plain node" onClick={() => update({ selected: peer(link).key })}><Name>{peer(link).name}</Name></button>
            <button type="button" class="plain number" aria-label={`Link with ${peer(link).name}, ${byteRate(traffic(link))}`} onClick={() => update({ selected: link.key })}>
              {link.health === 'failing' && <span class="bad"><Icon name="warning" /></span>}
              {link.change && link.change !== 'same' && <span class={`change-${link.change}`}>{changeMarks[link.change]} {link.change === 'grown' || link.change === 'shrunk' ? growth(traffic(link), beforeOf(link)) : ''} </span>}
              {byteRate(traffic(link))}
            </button>
            <meter class="bar" min={0} max={1} value={traffic(link) / most} aria-hidden="true" />
          </li>
        ))}
      </ul>
      {sorted.length > shownPeers && (
        <button type="button" class="plain" aria-expanded={all} onClick={() => setAll(!all)}>{all ? 'Fewer' : `All ${count(sorted.length)}`}</button>
      )}
    </section>
  );
}

function Ports({ links }: { links: readonly GraphLink[] }) {
  const ports = new Map<number, { opened: number; open: number; failed: number; rate: number }>();
  for (const link of links) {
    for (const { port, now } of link.ports) {
      const sum = ports.get(port) ?? { opened: 0, open: 0, failed: 0, rate: 0 };
      ports.set(port, sum);
      if (now) {
        sum.opened += now.opened;
        sum.open += now.open;
        sum.failed += now.failed;
        sum.rate += now.bytesToServerPerSecond + now.bytesToClientPerSecond;
      }
    }
  }

  if (ports.size === 0) {
    return null;
  }

  return (
    <section class="detail-section">
      <h3>Ports it listens on</h3>
      <table class="ports">
        <thead><tr><th scope="col">Port</th><th scope="col" class="number">Traffic</th><th scope="col" class="number">Open</th><th scope="col" class="number">Opened</th><th scope="col" class="number">Failed</th></tr></thead>
        <tbody>
          {[...ports].sort((a, b) => b[1].rate - a[1].rate || a[0] - b[0]).slice(0, 50).map(([port, sum]) => (
            <tr key={port}>
              <th scope="row">{port}</th><td class="number">{byteRate(sum.rate)}</td><td class="number">{count(sum.open)}</td>
              <td class="number">{count(sum.opened)}</td><td class={sum.failed > 0 ? 'number bad' : 'number'}>{count(sum.failed)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
