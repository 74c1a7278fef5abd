// What is shown, after filters and folding. Made by build.ts from an answer of the API; drawn by map/, listed by panels/.

import type { ApiLink } from '../api';

/** Why a node or link stands out, the worst first. `silent`: nothing moved in the time that rates cover. */
export type Health = 'failing' | 'ok' | 'silent';

/** How something differs between two ranges. */
export type Change = 'new' | 'gone' | 'grown' | 'shrunk' | 'same';

/** A box or a dot of the map: one workload, or several folded into one. */
export interface GraphNode {
  /** Stable over answers: kind, namespace and name, or the fold's own. Goes into the URL. */
  key: string;
  /** A workload; or all of a namespace; or all that is external. */
  fold: 'none' | 'namespace' | 'external';
  name: string;
  namespace: string;
  kind: string;
  owner?: string;
  /** Workloads in it; 1 unless folded. */
  members: number;
  /** The name is an address: nobody knew better. */
  unresolved: boolean;
  /** Links with others; what stays within a fold is counted in neither. */
  bytesInPerSecond: number;
  bytesOutPerSecond: number;
  bytesIn: number;
  bytesOut: number;
  /** Of its worst link. */
  health: Health;
  change?: Change;
}

/** One port of a link, as the API tells it, with what it was in the range compared with. */
export interface GraphPort {
  client: string;
  server: string;
  port: number;
  now?: ApiLink;
  before?: ApiLink;
}

/** What goes from one node to another, all ports together. One per ordered pair. */
export interface GraphLink {
  /** Keys of both ends. Goes into the URL. */
  key: string;
  client: GraphNode;
  server: GraphNode;
  ports: GraphPort[];
  bytesToServerPerSecond: number;
  bytesToClientPerSecond: number;
  bytesToServer: number;
  bytesToClient: number;
  opened: number;
  openedPerSecond: number;
  failed: number;
  failedPerSecond: number;
  open: number;
  firstSeen: number;
  lastSeen: number;
  health: Health;
  change?: Change;
}

/** All that is shown, and how much is not. */
export interface Graph {
  nodes: GraphNode[];
  links: GraphLink[];
  /** Namespaces, kinds and ports of the whole answer, for the filters, with the number of workloads or links. */
  namespaces: Map<string, number>;
  kinds: Map<string, number>;
  ports: Map<number, number>;
  /** Workloads of the system's and our own namespaces that are hidden. */
  hiddenSystem: number;
  /** Links that filters hide. */
  filteredLinks: number;
  /** Links in the answer, and those the server left out. */
  totalLinks: number;
  omittedLinks: number;
}
