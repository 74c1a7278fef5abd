// The links that are shown, as text for other programs. The command line writes the same: columns, members, words and colours of a
// comparison are those of `caretta map --diff`.

import type { ApiLink, ApiLinks } from '../api';
import { byteRate } from '../format';
import { changeOfPort } from '../model/build';
import type { Change, Graph, GraphLink, GraphNode } from '../model/graph';
import { nodeKey, parseNodeKey } from '../model/keys';

const figures = {
  bytesToServer: 'bytes_to_server', bytesToClient: 'bytes_to_client', bytesToServerPerSecond: 'bytes_to_server_per_second',
  bytesToClientPerSecond: 'bytes_to_client_per_second', opened: 'opened', closed: 'closed', failed: 'failed', open: 'open',
  firstSeen: 'first_seen', lastSeen: 'last_seen',
} as const satisfies Partial<Record<keyof ApiLink, string>>;

const figureNames = Object.keys(figures) as (keyof typeof figures)[];

const compared = ['change', 'bytes_to_server_per_second_before', 'bytes_to_client_per_second_before'];

/** Before a port's number, in plain characters: other programs' fonts have no more for sure. */
const marks: Record<Change, string> = { new: '+', gone: '-', grown: '^', shrunk: 'v', same: '' };

const colours: Partial<Record<Change, string>> = { new: '#1a7f37', gone: '#6e7781', grown: '#0969da', shrunk: '#9a6700' };
const failing = '#cf222e';

/**
 * One line for each link and port, RFC 4180, with a header and exact numbers; times are seconds since 1970. Compared with another range, a
 * line has its change and what it was; who is gone has the figures of then.
 */
export function toCsv(graph: Graph, answer: ApiLinks, before?: ApiLinks): string {
  const header = [
    'client_namespace', 'client_name', 'client_kind', 'server_namespace', 'server_name', 'server_kind', 'port', 'seen_by',
    ...Object.values(figures), ...(before ? compared : []),
  ];
  const lines = [header.join(',')];
  for (const { client, server, port, link, change, then } of rowsOf(graph, answer, before)) {
    const cells = [
      ...[client, server].flatMap((key) => {
        const { name, namespace, kind } = parseNodeKey(key);
        return [namespace, name, kind].map(csvText);
      }),
      String(port), link.seenBy, ...figureNames.map((figure) => String(link[figure])),
    ];
    if (before) {
      cells.push(change ?? '', ...[then?.bytesToServerPerSecond, then?.bytesToClientPerSecond].map((figure) => String(figure ?? '')));
    }

    lines.push(cells.join(','));
  }

  return `${lines.join('\r\n')}\r\n`;
}

/** An answer of the API with only what is shown. A comparison adds how each link changed and what it was, and the other range. */
export function toJson(graph: Graph, answer: ApiLinks, before?: ApiLinks): string {
  const indices = new Map<string, number>();
  const nodes: ApiLinks['nodes'] = [];
  const byKey = new Map([...(before?.nodes ?? []), ...answer.nodes].map((node) => [nodeKey(node), node]));
  const index = (key: string) => {
    let at = indices.get(key);
    if (at === undefined) {
      at = nodes.length;
      indices.set(key, at);
      nodes.push(byKey.get(key)!);
    }

    return at;
  };
  const links = rowsOf(graph, answer, before).map(({ client, server, port, link, change, then }) => ({
    ...link, client: index(client), server: index(server), port, ...(change && { change }), ...(then && { before: countsOf(then) }),
  }));
  return `${JSON.stringify({ ...answer, ...(before && { before: { from: before.from, to: before.to } }), nodes, links }, null, 2)}\n`;
}

/** For Graphviz: namespaces are clusters, an edge has its ports and rate. */
export function toDot(graph: Graph): string {
  const ids = new Map(graph.nodes.map((node, index) => [node.key, `n${index}`]));
  const lines = ['digraph caretta {', '  rankdir=LR;', '  node [shape=box, style=rounded];'];
  let cluster = 0;
  for (const [namespace, nodes] of byNamespace(graph.nodes)) {
    lines.push(`  subgraph cluster_${cluster++} {`, `    label=${dotText(namespace)};`);
    for (const node of nodes) {
      lines.push(`    ${ids.get(node.key)} [label=${dotText(`${node.name}\n${node.kind}`)}];`);
    }

    lines.push('  }');
  }

  for (const link of graph.links) {
    const colour = colourOf(link);
    const style = (colour === undefined ? '' : `, color="${colour}"`) + (isDashed(link) ? ', style=dashed' : '');
    lines.push(`  ${ids.get(link.client.key)} -> ${ids.get(link.server.key)} [label=${dotText(label(link))}${style}];`);
  }

  return `${lines.join('\n')}\n}\n`;
}

/** For Markdown: a flow chart, namespaces as boxes around their workloads. */
export function toMermaid(graph: Graph): string {
  const ids = new Map(graph.nodes.map((node, index) => [node.key, `n${index}`]));
  const lines = ['flowchart LR'];
  let box = 0;
  for (const [namespace, nodes] of byNamespace(graph.nodes)) {
    lines.push(`    subgraph s${box++}["${mermaidText(namespace)}"]`);
    for (const node of nodes) {
      lines.push(`        ${ids.get(node.key)}["${mermaidText(node.name)}<br/>${mermaidText(node.kind)}"]`);
    }

    lines.push('    end');
  }

  for (const link of graph.links) {
    const arrow = isDashed(link) ? '-.->' : '-->';
    lines.push(`    ${ids.get(link.client.key)} ${arrow}|"${mermaidText(label(link))}"| ${ids.get(link.server.key)}`);
  }

  graph.links.forEach((link, index) => {
    const colour = colourOf(link);
    if (colour !== undefined) {
      lines.push(`    linkStyle ${index} stroke:${colour}`);
    }
  });

  return `${lines.join('\n')}\n`;
}

interface Row {
  client: string;
  server: string;
  port: number;
  /** As it is, or as it was where it is gone. */
  link: ApiLink;
  /** Where two ranges are compared. */
  change?: Change;
  then?: ApiLink;
}

/** Ports of all links, of ends that the answers name. Those of the range compared with alone only where it is compared with. */
function rowsOf(graph: Graph, answer: ApiLinks, before: ApiLinks | undefined): Row[] {
  const known = new Set([...answer.nodes, ...(before?.nodes ?? [])].map(nodeKey));
  const rows: Row[] = [];
  for (const port of graph.links.flatMap((link) => link.ports)) {
    const link = port.now ?? (before && port.before);
    if (link && known.has(port.client) && known.has(port.server)) {
      rows.push({
        client: port.client, server: port.server, port: port.port, link,
        ...(before && { change: changeOfPort(port) }), ...(before && port.before && { then: port.before }),
      });
    }
  }

  return rows;
}

/** Without its place in an answer. */
function countsOf({ client: _client, server: _server, port: _port, ...counts }: ApiLink): Omit<ApiLink, 'client' | 'server' | 'port'> {
  return counts;
}

function colourOf(link: GraphLink): string | undefined {
  return link.change && colours[link.change] || (link.health === 'failing' ? failing : undefined);
}

function isDashed(link: GraphLink): boolean {
  return link.change === 'gone' || link.health === 'silent';
}

function byNamespace(nodes: readonly GraphNode[]): Map<string, GraphNode[]> {
  const groups = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    const group = groups.get(node.namespace);
    if (group) {
      group.push(node);
    } else {
      groups.set(node.namespace, [node]);
    }
  }

  return groups;
}

function label(link: GraphLink): string {
  const ports = portTexts(link);
  const list = ports.length > 5 ? `${ports.slice(0, 5).join(', ')}, …` : ports.join(', ');
  return `${list}\n${byteRate(link.bytesToServerPerSecond + link.bytesToClientPerSecond)}`;
}

// Each number once, with the mark of its change where all that have it changed alike.
function portTexts(link: GraphLink): string[] {
  const texts = new Map<number, string>();
  for (const port of link.ports) {
    const mark = link.change ? marks[changeOfPort(port)] : '';
    const other = texts.get(port.port);
    texts.set(port.port, other === undefined || other === mark ? mark : '');
  }

  return [...texts].map(([port, mark]) => mark + port);
}

/** A spreadsheet takes a cell that begins so for a formula: an apostrophe in front makes it text. */
export function csvText(text: string): string {
  const safe = /^[=+\-@\t\r\n|%]/.test(text) ? `'${text}` : text;
  return /[",\r\n\t']|^ | $/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function dotText(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}

// Mermaid reads a quoted text as Markdown and HTML: what means something there goes as a code point.
function mermaidText(text: string): string {
  return text.replace(/[^\p{L}\p{N} .,:/_+=·\n-]/gu, (character) => `#${character.codePointAt(0)};`).replaceAll('\n', '<br/>');
}
