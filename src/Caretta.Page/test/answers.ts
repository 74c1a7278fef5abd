// Answers to test with: small ones by hand, large ones by numbers that are the same each time.

import type { ApiLink, ApiLinks, ApiNode } from '../src/api';

/** Kind, namespace and name; and client, server, port and what differs from a quiet link. */
export function answer(nodes: [string, string, string][], links: [number, number, number, Partial<ApiLink>?][]): ApiLinks {
  return {
    version: 1, scope: 'node', time: 10_000, from: 1000, to: 10_000, rateSeconds: 5, store: true, omittedLinks: 0, agents: [],
    nodes: nodes.map(([kind, namespace, name]): ApiNode => ({ kind, namespace, name })),
    links: links.map(([client, server, port, more]) => ({ ...quiet, client, server, port, ...more })),
  };
}

const quiet: ApiLink = {
  client: 0, server: 0, port: 0, seenBy: 'both', bytesToServer: 100, bytesToClient: 1000, bytesToServerPerSecond: 0,
  bytesToClientPerSecond: 0, opened: 3, closed: 2, failed: 0, open: 1, openedPerSecond: 0, failedPerSecond: 0, firstSeen: 1000, lastSeen: 9000,
};

/** The same numbers for the same seed, from 0 to 1. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 4294967296;
  };
}

/** So many workloads in so many namespaces, that talk mostly within their own. */
export function large(nodes: number, links: number, namespaces: number, seed = 1): ApiLinks {
  const next = random(seed);
  const names: [string, string, string][] = [];
  for (let index = 0; index < nodes; index++) {
    names.push(['Deployment', `team-${Math.floor(next() * next() * namespaces)}`, `app-${index}`]);
  }

  const pairs = new Map<string, [number, number, number, Partial<ApiLink>]>();
  while (pairs.size < links) {
    const client = Math.floor(next() * nodes);
    const server = Math.floor(next() * next() * nodes);
    if (client !== server && (names[client]![1] === names[server]![1] || next() < 0.3)) {
      pairs.set(`${client} ${server}`, [client, server, 80, { bytesToClientPerSecond: 10 ** (7 * next()) }]);
    }
  }

  return answer(names, [...pairs.values()]);
}
