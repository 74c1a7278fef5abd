// Nodes and links in words.

import { byteRate, counted } from '../format';
import type { GraphLink, GraphNode } from '../model/graph';
import type { SceneNode } from './scene';

const changes = { new: 'new', gone: 'gone', grown: 'grown', shrunk: 'shrunk', same: '' };

/** "web, Deployment in shop, 3 clients, 2 servers, 1.2 MB/s". */
export function sayNode(item: SceneNode): string {
  const node = item.node;
  const clients = new Set(item.links.filter((link) => link.server === item).map((link) => link.client)).size;
  const servers = new Set(item.links.filter((link) => link.client === item).map((link) => link.server)).size;
  return [
    nameOf(node),
    counted(clients, 'client'),
    counted(servers, 'server'),
    byteRate(node.bytesInPerSecond + node.bytesOutPerSecond),
    node.health === 'ok' ? '' : node.health,
    changes[node.change ?? 'same'],
  ].filter((part) => part !== '').join(', ');
}

/** "web to db, 3 ports, 1.2 MB/s". */
export function sayLink(link: GraphLink): string {
  const ports = [...new Set(link.ports.map((port) => port.port))];
  return [
    `${shortName(link.client)} to ${shortName(link.server)}`,
    ports.length === 1 ? `port ${ports[0]}` : counted(ports.length, 'port'),
    byteRate(link.bytesToServerPerSecond + link.bytesToClientPerSecond),
    link.health === 'ok' ? '' : link.health,
    changes[link.change ?? 'same'],
  ].filter((part) => part !== '').join(', ');
}

/** What a node is called, in full. */
export function nameOf(node: GraphNode): string {
  switch (node.fold) {
    case 'external': return `external, ${counted(node.members, 'address or name', 'addresses or names')}`;
    case 'namespace': return `namespace ${node.name}, ${counted(node.members, 'workload')}`;
    default: return `${node.name}, ${node.kind === 'external' ? 'external' : `${node.kind} in ${node.namespace}`}`;
  }
}

function shortName(node: GraphNode): string {
  return node.fold === 'namespace' ? `namespace ${node.name}` : node.name;
}
