// The links that are shown, as text for other programs. The command line writes the same.

import type { ApiLink, ApiLinks } from '../api';
import type { Graph, GraphLink, GraphNode, GraphPort } from '../model/graph';
import { nodeKey, parseNodeKey } from '../model/keys';
import { byteRate } from '../format';

const figures = {
  bytesToServer: 'bytes_to_server', bytesToClient: 'bytes_to_client', bytesToServerPerSecond: 'bytes_to_server_per_second',
  bytesToClientPerSecond: 'bytes_to_client_per_second', opened: 'opened', closed: 'closed', failed: 'failed', open: 'open',
  firstSeen: 'first_seen', lastSeen: 'last_seen',
} as const satisfies Partial<Record<keyof ApiLink, string>>;

const figureNames = Object.keys(figures) as (keyof typeof figures)[];

/** One line for each link and port, RFC 4180, with a header and exact numbers; times are seconds since 1970. */
export function toCsv(graph: Graph, answer: ApiLinks): string {
  const header = [
    'client_namespace', 'client_name', 'client_kind', 'server_namespace', 'server_name', 'server_kind', 'port', 'seen_by',
    ...Object.values(figures),
  ];
  const lines = [header.join(',')];
  for (const { client, server, port, now } of portsOf(graph, answer)) {
    const cells = [
      ...[client, server].flatMap((key) => {
        const { name, namespace, kind } = parseNodeKey(key);
        return [namespace, name, kind].map(csvText);
      }),
      String(port), now.seenBy, ...figureNames.map((figure) => String(now[figure])),
    ];
    lines.push(cells.join(','));
  }

  return `${lines.join('\r\n')}\r\n`;
}

/** An answer of the API with only what is shown. */
export function toJson(graph: Graph, answer: ApiLinks): string {
  const indices = new Map<string, number>();
  const nodes: ApiLinks['nodes'] = [];
  const byKey = new Map(answer.nodes.map((node) => [nodeKey(node), node]));
  const index = (key: string) => {
    let at = indices.get(key);
    if (at === undefined) {
      at = nodes.length;
      indices.set(key, at);
      nodes.push(byKey.get(key)!);
    }

    return at;
  };
  const links = portsOf(graph, answer).map(({ client, server, now }) => ({ ...now, client: index(client), server: index(server) }));
  return `${JSON.stringify({ ...answer, nodes, links }, null, 2)}\n`;
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
    const failing = link.health === 'failing' ? ', color=red' : link.health === 'silent' ? ', style=dashed' : '';
    lines.push(`  ${ids.get(link.client.key)} -> ${ids.get(link.server.key)} [label=${dotText(label(link))}${failing}];`);
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
    const arrow = link.health === 'ok' ? '-->' : '-.->';
    lines.push(`    ${ids.get(link.client.key)} ${arrow}|"${mermaidText(label(link))}"| ${ids.get(link.server.key)}`);
  }

  graph.links.forEach((link, index) => {
    if (link.health === 'failing') {
      lines.push(`    linkStyle ${index} stroke:#cf222e`);
    }
  });

  return `${lines.join('\n')}\n`;
}

type KnownPort = GraphPort & { now: ApiLink };

/** Ports that are there now, of ends that the answer names. */
function portsOf(graph: Graph, answer: ApiLinks): KnownPort[] {
  const known = new Set(answer.nodes.map(nodeKey));
  return graph.links.flatMap((link) =>
    link.ports.filter((port): port is KnownPort => port.now !== undefined && known.has(port.client) && known.has(port.server)));
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
  const ports = [...new Set(link.ports.map((port) => port.port))];
  const list = ports.length > 5 ? `${ports.slice(0, 5).join(', ')}, …` : ports.join(', ');
  return `${list}\n${byteRate(link.bytesToServerPerSecond + link.bytesToClientPerSecond)}`;
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
  return text.replace(/[^\p{L}\p{N} .,:/_\n-]/gu, (character) => `#${character.codePointAt(0)};`).replaceAll('\n', '<br/>');
}
