import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ago, byteRate, bytes, count, counted, growth, rate, time } from '../format';
import { graph } from '../model/current';
import type { GraphLink, GraphNode, GraphPort } from '../model/graph';
import { parseNodeKey } from '../model/keys';
import { state, update } from '../state';
import { changeMarks } from './changes';
import { Icon } from './Icon';
import { Name } from './Name';
import { beforeOf, sortLinks, type Column } from './sorting';

const pageSize = 100;

const columns: [Column, string, string][] = [
  ['client', 'Client', ''], ['server', 'Server', ''], ['ports', 'Ports', ''], ['rate', 'Traffic', 'number'], ['total', 'Total', 'number'],
  ['open', 'Open', 'number'], ['opened', 'Opened', 'number'], ['failed', 'Failed', 'number'], ['seen', 'Last moved', 'number'],
];

/** The map's twin: the same links under the same filters, one to a row, sorted by any column; a row opens to its ports. */
export function TableView() {
  const [page, setPage] = useState(0);
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const shown = graph.value;
  if (!shown) {
    return null;
  }

  const { sort, change, compare } = state.value;
  const comparing = compare !== null;
  const wanted = comparing && change ? shown.links.filter((link) => link.change === change) : shown.links;
  const links = sortLinks(wanted, sort);
  const pages = Math.max(1, Math.ceil(links.length / pageSize));
  const current = Math.min(page, pages - 1);
  const rows = links.slice(current * pageSize, (current + 1) * pageSize);
  const width = columns.length + (comparing ? 1 : 0);

  const toggleRow = (key: string) => {
    const next = new Set(open);
    if (!next.delete(key)) {
      next.add(key);
    }

    setOpen(next);
  };

  // A region that scrolls must be reachable by keyboard.
  return (
    <section class="listing" aria-label="Links as a table" tabIndex={0}>
      <table class="links" aria-rowcount={links.length + 1}>
        <caption class="visually-hidden">
          {counted(links.length, 'link')}{change && comparing ? `, ${change}` : ''}. Column headers sort.
        </caption>
        <thead>
          <tr>
            {columns.map(([column, title, kind]) => <Header key={column} column={column} title={title} kind={kind} onSort={() => setPage(0)} />)}
            {comparing && <Header column="change" title="Change" kind="number" onSort={() => setPage(0)} />}
          </tr>
        </thead>
        <tbody>
          {rows.map((link, index) => {
            const isOpen = open.has(link.key);
            return (
              <Row
                key={link.key} link={link} index={current * pageSize + index + 2} open={isOpen} comparing={comparing} width={width}
                onToggle={() => toggleRow(link.key)}
              />
            );
          })}
        </tbody>
      </table>
      {links.length > pageSize && (
        <nav class="pages" aria-label="Pages of the table">
          <button type="button" class="button" disabled={current === 0} aria-label="Previous page" onClick={() => setPage(current - 1)}><Icon name="left" /></button>
          <span aria-live="polite">
            {count(current * pageSize + 1)} – {count(current * pageSize + rows.length)} of {counted(links.length, 'link')}
          </span>
          <button type="button" class="button" disabled={current >= pages - 1} aria-label="Next page" onClick={() => setPage(current + 1)}><Icon name="right" /></button>
        </nav>
      )}
    </section>
  );
}

function Header({ column, title, kind, onSort }: { column: Column; title: string; kind: string; onSort: () => void }) {
  const { sort } = state.value;
  const direction = sort === column ? 'ascending' : sort === `-${column}` ? 'descending' : 'none';
  const next = () => {
    // Names start with A, figures with the largest.
    const first = kind === 'number' ? `-${column}` : column;
    const second = kind === 'number' ? column : `-${column}`;
    update({ sort: sort === first ? second : first }, 'replace');
    onSort();
  };
  return (
    <th scope="col" class={`${kind} column-${column}`} aria-sort={direction}>
      <button type="button" onClick={next}>
        {title}
        <span class="arrow" aria-hidden="true">{direction === 'ascending' ? '↑' : direction === 'descending' ? '↓' : ''}</span>
      </button>
    </th>
  );
}

interface RowProps {
  link: GraphLink;
  index: number;
  open: boolean;
  comparing: boolean;
  width: number;
  onToggle: () => void;
}

function Row({ link, index, open, comparing, onToggle }: RowProps) {
  const { selected } = state.value;
  const now = Date.now() / 1000;
  return (
    <>
      <tr aria-rowindex={index} class={selected === link.key ? `${link.health} selected` : link.health}>
        <td class="column-client">
          <span class="end">
            <button
              type="button" class="expand" aria-expanded={open} aria-label={`Ports of ${link.client.name} to ${link.server.name}`} onClick={onToggle}
            >
              <Icon name={open ? 'down' : 'right'} />
            </button>
            <End node={link.client} />
          </span>
        </td>
        <td class="column-server"><End node={link.server} /></td>
        <td class="column-ports">
          <button type="button" class="plain" aria-label={`Details of ${link.client.name} to ${link.server.name}, ports ${portList(link)}`} onClick={() => update({ selected: link.key })}>
            {portList(link)}
          </button>
        </td>
        <Figures values={link} />
        <td class="number column-failed">{link.failed > 0 ? <Failed failed={link.failed} perSecond={link.failedPerSecond} /> : '0'}</td>
        <td class="number column-seen" title={time(link.lastSeen)}>{link.health === 'silent' ? <span class="quiet">{ago(link.lastSeen, now)}</span> : ago(link.lastSeen, now)}</td>
        {comparing && <ChangeCell link={link} />}
      </tr>
      {open && link.ports.map((port) => <PortRow key={`${port.client}>${port.server}:${port.port}`} port={port} comparing={comparing} />)}
    </>
  );
}

function Figures({ values }: { values: { bytesToServerPerSecond: number; bytesToClientPerSecond: number; bytesToServer: number; bytesToClient: number; open: number; opened: number } }) {
  return (
    <>
      <td class="number column-rate">
        <Both to={byteRate(values.bytesToServerPerSecond)} from={byteRate(values.bytesToClientPerSecond)} />
      </td>
      <td class="number column-total"><Both to={bytes(values.bytesToServer)} from={bytes(values.bytesToClient)} /></td>
      <td class="number column-open">{count(values.open)}</td>
      <td class="number column-opened">{count(values.opened)}</td>
    </>
  );
}

function PortRow({ port, comparing }: { port: GraphPort; comparing: boolean }) {
  const link = port.now ?? port.before;
  if (!link) {
    return null;
  }

  const now = Date.now() / 1000;
  return (
    <tr class="port">
      <td class="column-client"><Name>{parseNodeKey(port.client).name}</Name></td>
      <td class="column-server"><Name>{parseNodeKey(port.server).name}</Name></td>
      <td class="column-ports">{port.port}</td>
      <Figures values={link} />
      <td class="number column-failed">{link.failed > 0 ? <Failed failed={link.failed} perSecond={link.failedPerSecond} /> : '0'}</td>
      <td class="number column-seen">{ago(link.lastSeen, now)}</td>
      {comparing && <td class="number">{port.now ? port.before ? growth(sum(port.now), sum(port.before)) : '+ new' : '− gone'}</td>}
    </tr>
  );
}

function ChangeCell({ link }: { link: GraphLink }) {
  const change = link.change ?? 'same';
  const rateNow = link.bytesToServerPerSecond + link.bytesToClientPerSecond;
  return (
    <td class={`number column-change change-${change}`}>
      {changeMarks[change]} {change === 'grown' || change === 'shrunk' ? growth(rateNow, beforeOf(link)) : change}
    </td>
  );
}

function sum(link: { bytesToServerPerSecond: number; bytesToClientPerSecond: number }): number {
  return link.bytesToServerPerSecond + link.bytesToClientPerSecond;
}

function Failed({ failed, perSecond }: { failed: number; perSecond: number }) {
  return <span class="bad" title={rate(perSecond)}><Icon name="warning" /> {count(failed)}</span>;
}

/** Toward the server above, back to the client below. */
function Both({ to, from }: { to: ComponentChildren; from: ComponentChildren }) {
  return (
    <>
      <span class="way"><span aria-hidden="true">→</span><span class="visually-hidden">to server</span> {to}</span>
      <span class="way"><span aria-hidden="true">←</span><span class="visually-hidden">to client</span> {from}</span>
    </>
  );
}

function End({ node }: { node: GraphNode }) {
  return (
    <button type="button" class="plain node" onClick={() => update({ selected: node.key })}>
      <Name>{node.name}</Name>
      <span class="quiet">{node.fold === 'none' ? <><span class="kind">{node.kind} · </span><bdi>{node.namespace}</bdi></> : counted(node.members, 'workload')}</span>
    </button>
  );
}

function portList(link: GraphLink): string {
  const ports = [...new Set(link.ports.map((port) => port.port))];
  return ports.length > 4 ? `${ports.slice(0, 3).join(', ')} + ${ports.length - 3}` : ports.join(', ');
}
