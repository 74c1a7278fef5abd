// Orders of the table.

import type { GraphLink } from '../model/graph';

export type Column = 'client' | 'server' | 'ports' | 'rate' | 'total' | 'open' | 'opened' | 'failed' | 'seen' | 'change';

const order = { new: 4, gone: 3, grown: 2, shrunk: 1, same: 0 };

const figures: Record<Exclude<Column, 'client' | 'server'>, (link: GraphLink) => number> = {
  ports: (link) => link.ports[0]?.port ?? 0,
  rate: (link) => link.bytesToServerPerSecond + link.bytesToClientPerSecond,
  total: (link) => link.bytesToServer + link.bytesToClient,
  open: (link) => link.open,
  opened: (link) => link.opened,
  failed: (link) => link.failed,
  seen: (link) => link.lastSeen,
  change: (link) => order[link.change ?? 'same'],
};

/** A sorted copy. `sort` is a column, with a minus for the largest first; what cannot be understood sorts by traffic. */
export function sortLinks(links: readonly GraphLink[], sort: string): GraphLink[] {
  const down = sort.startsWith('-');
  const column = down ? sort.slice(1) : sort;
  const sorted = [...links];
  if (column === 'client' || column === 'server') {
    const other = column === 'client' ? 'server' : 'client';
    sorted.sort((a, b) => byName(a[column], b[column]) || byName(a[other], b[other]));
    return down ? sorted.reverse() : sorted;
  }

  const figure = figures[column as keyof typeof figures] ?? figures.rate;
  const sign = down ? -1 : 1;
  // Ties by what moved altogether, then by name: rows must not jump when nothing changed.
  return sorted.sort((a, b) =>
    sign * (figure(a) - figure(b)) || figures.total(b) - figures.total(a) || byName(a.client, b.client) || byName(a.server, b.server));
}

/** Bytes per second both ways in the range compared with. */
export function beforeOf(link: GraphLink): number {
  let sum = 0;
  for (const { before } of link.ports) {
    sum += before ? before.bytesToServerPerSecond + before.bytesToClientPerSecond : 0;
  }

  return sum;
}

// By code points: the same order for everybody, and ten thousand rows at once are no trouble.
function byName(a: { name: string; key: string }, b: { name: string; key: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
