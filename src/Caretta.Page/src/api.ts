// The JSON of docs/api.md, version 1. Types only: what comes from the network is checked in client.ts.

/** `node`: the agent's own table. `cluster`: the store that collects from all agents. */
export type Scope = 'node' | 'cluster';

/** One end of links. Distinct by all four members. */
export interface ApiNode {
  name: string;
  namespace: string;
  kind: string;
  owner?: string;
}

/** One (client, server, port), as both ends counted it; totals cover the answer's range. */
export interface ApiLink {
  /** Index into the answer's nodes. */
  client: number;
  server: number;
  port: number;
  seenBy: 'client' | 'server' | 'both';
  bytesToServer: number;
  bytesToClient: number;
  bytesToServerPerSecond: number;
  bytesToClientPerSecond: number;
  opened: number;
  closed: number;
  failed: number;
  open: number;
  openedPerSecond: number;
  failedPerSecond: number;
  /** Seconds since 1970. */
  firstSeen: number;
  lastSeen: number;
}

/** An agent's own state; what is not known is left out. */
export interface ApiAgent {
  node?: string;
  pod?: string;
  up?: boolean;
  agentVersion?: string;
  kernel?: string;
  tier?: string;
  tierReason?: string;
  startTime?: number;
  polls?: number;
  failedPolls?: number;
  pollSeconds?: number;
  pollInterval?: number;
  liveSockets?: number;
  links?: number;
  linkBudget?: number;
  lostUpdates?: number;
  lostConnections?: number;
  lostBytes?: number;
  missedEvents?: number;
  pendingBytes?: number;
  residentBytes?: number;
  mapBytes?: number;
}

/** Answer of /api/links. */
export interface ApiLinks {
  version: 1;
  scope: Scope;
  /** Where only ends and bytes of links are known. */
  detail?: 'sketch';
  time: number;
  from: number;
  to: number;
  /** What rates cover; 0 when they are means since each link began. */
  rateSeconds: number;
  /** Whether scope=cluster can be asked for. */
  store: boolean;
  omittedLinks: number;
  /** Links that came back, too many to look at each: what they counted before may be missing. */
  incompleteLinks?: number;
  agents: ApiAgent[];
  nodes: ApiNode[];
  links: ApiLink[];
}

/** Answer of /api/history: points `step` seconds apart, the first at `from`; null where nothing is known. */
export interface ApiHistory {
  version: 1;
  from: number;
  to: number;
  step: number;
  bytesToServerPerSecond: (number | null)[];
  bytesToClientPerSecond: (number | null)[];
  openedPerSecond: (number | null)[];
  failedPerSecond: (number | null)[];
}

/** Why a request was refused. */
export type ApiReason =
  | 'bad-parameter' | 'no-store' | 'starting' | 'store-away' | 'store-slow' | 'too-large' | 'busy' | 'no-cluster';

/** Answer with a status other than 200. */
export interface ApiError {
  version: 1;
  error: { status: number; reason: ApiReason; message: string };
}
