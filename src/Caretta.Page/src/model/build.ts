// From an answer of the API to what is shown of it. Pure: the same answer and state give the same graph.

import type { ApiLink, ApiLinks, ApiNode } from '../api';
import type { ViewState } from '../state';
import type { Change, Graph, GraphLink, GraphNode, GraphPort, Health } from './graph';
import { externalFold, linkKey, namespaceFold, nodeKey, portKey } from './keys';

/** Traffic that differs by no more than this share is the same. */
const sameShare = 0.1;

/** What the agent sees in its first minute was there before it. */
const settleSeconds = 60;

/** In live mode a link is new for so long. */
const newSeconds = 3600;

const systemNamespaces = new Set(['kube-system', 'kube-public', 'kube-node-lease']);

interface Workload {
  key: string;
  node: ApiNode;
  external: boolean;
  system: boolean;
  matches: boolean;
}

/** Whether an end is outside of the machine or cluster. */
export function isExternal(node: Pick<ApiNode, 'kind'>): boolean {
  return node.kind === 'external';
}

/**
 * Whether a link was first seen within the range of its answer rather than before it; of an agent's own table, within the last hour and
 * after its first minute.
 */
export function isNew(link: Pick<ApiLink, 'firstSeen'>, answer: Pick<ApiLinks, 'scope' | 'from' | 'to'>): boolean {
  return answer.scope === 'cluster'
    ? link.firstSeen > answer.from
    : link.firstSeen > Math.max(answer.from + settleSeconds, answer.to - newSeconds);
}

/** Whether a name is an IP address: nobody knew better. */
export function isAddress(name: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(name) || /^[0-9a-fA-F]{0,4}:[0-9a-fA-F:.]*:[0-9a-fA-F.]*(%.*)?$/.test(name);
}

/**
 * What is shown of an answer. A link is shown when one of its ends has one of the namespaces and one of the kinds and contains the search
 * text, and its port is one of the ports; nodes are the ends of links shown. A namespace that is asked for by name is shown even when it
 * is the system's. `failedLately` has the keys of ports that count as failing besides those that do by the answer.
 */
export function buildGraph(answer: ApiLinks, view: ViewState, before?: ApiLinks, failedLately?: ReadonlySet<string>): Graph {
  const own = ownNamespaces(answer.nodes, before?.nodes);
  const ports = joinRanges(answer, before);
  const workloads = describe(answer.nodes, before?.nodes, view, own);
  const counts = count(ports, workloads);

  const nodes = new Map<string, GraphNode>();
  const members = new Map<GraphNode, Set<string>>();
  const links = new Map<string, GraphLink>();
  const allowedPorts = new Set(view.ports);
  const folded = new Set(view.folded);
  let filteredLinks = 0;
  let hiddenLinks = 0;

  const end = (workload: Workload): GraphNode => {
    const key = workload.external && view.foldExternal ? externalFold
      : !workload.external && folded.has(workload.node.namespace) ? namespaceFold(workload.node.namespace)
        : workload.key;
    let node = nodes.get(key);
    if (!node) {
      node = makeNode(key, workload);
      nodes.set(key, node);
      members.set(node, new Set());
    }

    members.get(node)!.add(workload.key);
    return node;
  };

  for (const port of ports.values()) {
    const client = workloads.get(port.client)!;
    const server = workloads.get(port.server)!;
    if (client.system || server.system) {
      hiddenLinks++;
      continue;
    }

    if (!passes(port, client, server)) {
      filteredLinks++;
      continue;
    }

    const from = end(client);
    const to = end(server);
    if (from === to && from.fold !== 'none') {
      continue;
    }

    const key = linkKey(from.key, to.key);
    let link = links.get(key);
    if (!link) {
      link = makeLink(key, from, to);
      links.set(key, link);
    }

    add(link, port);
  }

  const touched = new Map<GraphNode, GraphLink[]>();
  for (const link of links.values()) {
    finish(link, before !== undefined);
    for (const node of link.client === link.server ? [link.client] : [link.client, link.server]) {
      const list = touched.get(node);
      if (list) {
        list.push(link);
      } else {
        touched.set(node, [link]);
      }
    }
  }

  for (const [node, inside] of members) {
    node.members = inside.size;
    total(node, touched.get(node) ?? [], before !== undefined);
  }

  return {
    nodes: [...nodes.values()].sort(byKey),
    links: [...links.values()].sort(byKey),
    ...counts,
    filteredLinks,
    totalLinks: ports.size - hiddenLinks,
    omittedLinks: answer.omittedLinks + (before?.omittedLinks ?? 0),
  };

  function passes(port: GraphPort, client: Workload, server: Workload): boolean {
    if (!client.matches && !server.matches || allowedPorts.size > 0 && !allowedPorts.has(port.port)) {
      return false;
    }

    switch (view.only) {
      case 'external': return client.external || server.external;
      case 'failing': return healthOf(port) === 'failing';
      case 'new': return before ? changeOfPort(port) === 'new'
        : port.now !== undefined && isNew(port.now, answer);
      default: return true;
    }
  }

  function healthOf(port: GraphPort): Health {
    return failedLately?.has(portKey(port.client, port.server, port.port)) ? 'failing' : portHealth(port.now ?? port.before!, answer);
  }

  function add(link: GraphLink, port: GraphPort): void {
    link.ports.push(port);
    const now = port.now;
    if (!now) {
      return;
    }

    link.bytesToServerPerSecond += now.bytesToServerPerSecond;
    link.bytesToClientPerSecond += now.bytesToClientPerSecond;
    link.bytesToServer += now.bytesToServer;
    link.bytesToClient += now.bytesToClient;
    link.opened += now.opened;
    link.openedPerSecond += now.openedPerSecond;
    link.failed += now.failed;
    link.failedPerSecond += now.failedPerSecond;
    link.open += now.open;
    link.firstSeen = Math.min(link.firstSeen, now.firstSeen);
    link.lastSeen = Math.max(link.lastSeen, now.lastSeen);
    link.health = worse(link.health, healthOf(port));
  }
}

/** How one port of a link differs between the two ranges that are compared. */
export function changeOfPort(port: Pick<GraphPort, 'now' | 'before'>): Change {
  return changeOf(rate(port.now), rate(port.before), moved(port.now), moved(port.before));
}

// Our own namespaces: where something of ours runs. `default` and a host's are shared with others, who stay visible.
function ownNamespaces(...lists: (ApiNode[] | undefined)[]): Set<string> {
  const own = new Set<string>();
  for (const node of lists.flatMap((list) => list ?? [])) {
    if (isOwn(node) && node.namespace !== 'default') {
      own.add(node.namespace);
    }
  }

  return own;
}

function isOwn(node: ApiNode): boolean {
  return /^caretta($|-)/.test(node.name) && !['host', 'node', 'external', ''].includes(node.namespace) && !isExternal(node);
}

function describe(
  now: ApiNode[], before: ApiNode[] | undefined, view: ViewState, own: Set<string>,
): Map<string, Workload> {
  const workloads = new Map<string, Workload>();
  const namespaces = new Set(view.namespaces);
  const kinds = new Set(view.kinds);
  const search = view.search.trim().toLowerCase();
  for (const node of before ? [...now, ...before] : now) {
    const key = nodeKey(node);
    if (workloads.has(key)) {
      continue;
    }

    const system = systemNamespaces.has(node.namespace) || own.has(node.namespace) || isOwn(node);
    workloads.set(key, {
      key,
      node,
      external: isExternal(node),
      system: system && !view.system && !namespaces.has(node.namespace),
      matches: (namespaces.size === 0 || namespaces.has(node.namespace))
        && (kinds.size === 0 || kinds.has(node.kind))
        && (search === '' || [node.name, node.namespace, node.kind, node.owner ?? ''].some((text) => text.toLowerCase().includes(search))),
    });
  }

  return workloads;
}

// Owners are no part of what is shown: links that differ in nothing else are added up.
function joinRanges(answer: ApiLinks, before: ApiLinks | undefined): Map<string, GraphPort> {
  const ports = new Map<string, GraphPort>();
  const put = (from: ApiLinks, side: 'now' | 'before') => {
    const keys = from.nodes.map(nodeKey);
    for (const link of from.links) {
      const client = keys[link.client]!;
      const server = keys[link.server]!;
      const key = portKey(client, server, link.port);
      let port = ports.get(key);
      if (!port) {
        port = { client, server, port: link.port };
        ports.set(key, port);
      }

      const other = port[side];
      port[side] = other ? sum(other, link) : link;
    }
  };
  put(answer, 'now');
  if (before) {
    put(before, 'before');
  }

  return ports;
}

function sum(one: ApiLink, other: ApiLink): ApiLink {
  return {
    ...one,
    seenBy: one.seenBy === other.seenBy ? one.seenBy : 'both',
    bytesToServer: one.bytesToServer + other.bytesToServer,
    bytesToClient: one.bytesToClient + other.bytesToClient,
    bytesToServerPerSecond: one.bytesToServerPerSecond + other.bytesToServerPerSecond,
    bytesToClientPerSecond: one.bytesToClientPerSecond + other.bytesToClientPerSecond,
    opened: one.opened + other.opened,
    closed: one.closed + other.closed,
    failed: one.failed + other.failed,
    open: one.open + other.open,
    openedPerSecond: one.openedPerSecond + other.openedPerSecond,
    failedPerSecond: one.failedPerSecond + other.failedPerSecond,
    firstSeen: Math.min(one.firstSeen, other.firstSeen),
    lastSeen: Math.max(one.lastSeen, other.lastSeen),
  };
}

function count(
  ports: Map<string, GraphPort>, workloads: Map<string, Workload>,
): Pick<Graph, 'namespaces' | 'kinds' | 'ports' | 'hiddenSystem'> {
  const namespaces = new Map<string, number>();
  const kinds = new Map<string, number>();
  const numbers = new Map<number, number>();
  let hiddenSystem = 0;
  const one = <T>(map: Map<T, number>, key: T) => map.set(key, (map.get(key) ?? 0) + 1);
  for (const workload of workloads.values()) {
    one(namespaces, workload.node.namespace);
    one(kinds, workload.node.kind);
    hiddenSystem += workload.system ? 1 : 0;
  }

  for (const port of ports.values()) {
    one(numbers, port.port);
  }

  return { namespaces: sorted(namespaces), kinds: sorted(kinds), ports: sorted(numbers), hiddenSystem };
}

function sorted<T extends string | number>(map: Map<T, number>): Map<T, number> {
  return new Map([...map].sort(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0)));
}

function makeNode(key: string, workload: Workload): GraphNode {
  const { name, namespace, kind, owner } = workload.node;
  const empty = { members: 0, bytesInPerSecond: 0, bytesOutPerSecond: 0, bytesIn: 0, bytesOut: 0, health: 'silent' as Health };
  switch (key) {
    case externalFold:
      return { key, fold: 'external', name: 'external', namespace: 'external', kind: 'external', unresolved: false, ...empty };
    case workload.key:
      return {
        key, fold: 'none', name, namespace, kind, ...(owner === undefined ? {} : { owner }), unresolved: isAddress(name), ...empty,
      };
    default:
      return { key, fold: 'namespace', name: namespace, namespace, kind: 'Namespace', unresolved: false, ...empty };
  }
}

function makeLink(key: string, client: GraphNode, server: GraphNode): GraphLink {
  return {
    key, client, server, ports: [], bytesToServerPerSecond: 0, bytesToClientPerSecond: 0, bytesToServer: 0, bytesToClient: 0, opened: 0,
    openedPerSecond: 0, failed: 0, failedPerSecond: 0, open: 0, firstSeen: Infinity, lastSeen: 0, health: 'silent',
  };
}

// A link fails when attempts failed in the time that rates cover, or when attempts failed and nothing ever came back.
function portHealth(link: ApiLink, answer: Pick<ApiLinks, 'rateSeconds' | 'scope'>): Health {
  if (link.failedPerSecond > 0 && (answer.rateSeconds > 0 || link.failed >= link.opened) || link.failed > 0 && link.bytesToClient === 0) {
    return 'failing';
  }

  return rate(link) > 0 || link.openedPerSecond > 0 ? 'ok' : 'silent';
}

function worse(one: Health, other: Health): Health {
  return one === 'failing' || other === 'failing' ? 'failing' : one === 'ok' || other === 'ok' ? 'ok' : 'silent';
}

function rate(link: ApiLink | undefined): number {
  return link ? link.bytesToServerPerSecond + link.bytesToClientPerSecond : 0;
}

// A store still knows links that nothing moved on: in a comparison they are not there.
function moved(link: ApiLink | undefined): boolean {
  return link !== undefined && link.bytesToServer + link.bytesToClient + link.opened + link.failed + link.open > 0;
}

function changeOf(now: number, before: number, isThere: boolean, wasThere: boolean): Change {
  if (!isThere || !wasThere) {
    return isThere ? 'new' : wasThere ? 'gone' : 'same';
  }

  return now > before * (1 + sameShare) ? 'grown' : now < before * (1 - sameShare) ? 'shrunk' : 'same';
}

function finish(link: GraphLink, compared: boolean): void {
  link.ports.sort((one, other) => one.port - other.port || byText(one.client, other.client) || byText(one.server, other.server));
  if (link.firstSeen === Infinity) {
    const seen = link.ports.map((port) => port.before!);
    link.firstSeen = Math.min(...seen.map((port) => port.firstSeen));
    link.lastSeen = Math.max(...seen.map((port) => port.lastSeen));
  }

  if (compared) {
    let now = 0;
    let before = 0;
    let isThere = false;
    let wasThere = false;
    for (const port of link.ports) {
      now += rate(port.now);
      before += rate(port.before);
      isThere ||= moved(port.now);
      wasThere ||= moved(port.before);
    }

    link.change = changeOf(now, before, isThere, wasThere);
  }
}

function total(node: GraphNode, links: GraphLink[], compared: boolean): void {
  let before = 0;
  let isThere = false;
  let wasThere = false;
  for (const link of links) {
    if (link.server === node) {
      node.bytesInPerSecond += link.bytesToServerPerSecond;
      node.bytesOutPerSecond += link.bytesToClientPerSecond;
      node.bytesIn += link.bytesToServer;
      node.bytesOut += link.bytesToClient;
    }

    if (link.client === node) {
      node.bytesInPerSecond += link.bytesToClientPerSecond;
      node.bytesOutPerSecond += link.bytesToServerPerSecond;
      node.bytesIn += link.bytesToClient;
      node.bytesOut += link.bytesToServer;
    }

    node.health = worse(node.health, link.health);
    if (compared) {
      for (const port of link.ports) {
        before += rate(port.before) * (link.client === link.server ? 2 : 1);
        isThere ||= moved(port.now);
        wasThere ||= moved(port.before);
      }
    }
  }

  if (compared) {
    node.change = changeOf(node.bytesInPerSecond + node.bytesOutPerSecond, before, isThere, wasThere);
  }
}

function byKey(one: { key: string }, other: { key: string }): number {
  return byText(one.key, other.key);
}

function byText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
