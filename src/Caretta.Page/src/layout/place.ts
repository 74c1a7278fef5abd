// Newcomers find a free place near those they talk to; all others stay exactly where they are.

import { shuffled } from './random';
import { layerGap, rowGap, spacing, type LayoutInput } from './types';

const goldenAngle = Math.PI * (3 - Math.sqrt(5));

/** Positions of all nodes: the known ones unchanged. */
export function placeNewcomers(input: LayoutInput, layout: 'force' | 'layers'): Float64Array {
  const positions = input.known.slice();
  const taken = new Taken();
  const groups = new Map<string, { x: number; y: number; count: number; radius: number }>();
  const near: number[][] = input.nodes.map(() => []);
  for (const [client, server] of input.links) {
    if (client !== server) {
      near[client]!.push(server);
      near[server]!.push(client);
    }
  }

  let bottom = -Infinity;
  let left = Infinity;
  const settle = (index: number, x: number, y: number) => {
    positions[2 * index] = x;
    positions[2 * index + 1] = y;
    taken.add(x, y);
    bottom = Math.max(bottom, y);
    left = Math.min(left, x);
    const name = input.nodes[index]!.group;
    if (name !== '') {
      const group = groups.get(name) ?? { x: 0, y: 0, count: 0, radius: 0 };
      group.x = (group.x * group.count + x) / (group.count + 1);
      group.y = (group.y * group.count + y) / (group.count + 1);
      group.count++;
      groups.set(name, group);
    }
  };
  input.nodes.forEach((_, index) => {
    if (isKnown(index)) {
      settle(index, positions[2 * index]!, positions[2 * index + 1]!);
    }
  });
  input.nodes.forEach((node, index) => {
    const group = groups.get(node.group);
    if (group && isKnown(index)) {
      group.radius = Math.max(group.radius, Math.hypot(positions[2 * index]! - group.x, positions[2 * index + 1]! - group.y));
    }
  });

  // Those who know somebody first.
  let waiting = shuffled(input.nodes.map((node) => node.key)).filter((index) => !isKnown(index));
  while (waiting.length > 0) {
    const next = waiting.filter((index) => near[index]!.some(isKnown) || groups.has(input.nodes[index]!.group));
    for (const index of next.length > 0 ? next : waiting.slice(0, 1)) {
      const spot = layout === 'layers' ? layerSpot(index) : forceSpot(index);
      settle(index, spot.x, spot.y);
    }

    waiting = waiting.filter((index) => !isKnown(index));
  }

  return positions;

  function isKnown(index: number): boolean {
    return !Number.isNaN(positions[2 * index]!);
  }

  function outside(): { x: number; y: number } {
    return bottom === -Infinity ? { x: 0, y: 0 } : { x: left, y: bottom + spacing };
  }

  function middle(indices: number[]): { x: number; y: number } | null {
    const known = indices.filter(isKnown);
    return known.length === 0 ? null : {
      x: known.reduce((sum, index) => sum + positions[2 * index]!, 0) / known.length,
      y: known.reduce((sum, index) => sum + positions[2 * index + 1]!, 0) / known.length,
    };
  }

  // Ever wider round the place that would be best; other groups keep their discs to themselves.
  function forceSpot(index: number): { x: number; y: number } {
    const name = input.nodes[index]!.group;
    const own = groups.get(name);
    const peers = middle(near[index]!);
    const best = own && peers ? { x: own.x * 0.7 + peers.x * 0.3, y: own.y * 0.7 + peers.y * 0.3 } : own ?? peers ?? outside();
    const others = [...groups].filter(([group, disc]) => group !== name && disc.count > 1).map(([, disc]) => disc);
    for (let step = 0; ; step++) {
      const distance = spacing * 0.3 * Math.sqrt(step);
      const x = best.x + distance * Math.cos(step * goldenAngle);
      const y = best.y + distance * Math.sin(step * goldenAngle);
      if (taken.isFree(x, y) && (step > 2000 || others.every((disc) => Math.hypot(x - disc.x, y - disc.y) > disc.radius + spacing * 0.8))) {
        return { x, y };
      }
    }
  }

  function layerSpot(index: number): { x: number; y: number } {
    const isServerOf = input.links.filter(([, server]) => server === index).map(([client]) => client).filter(isKnown);
    const peers = middle(near[index]!) ?? outside();
    const x = isServerOf.length > 0 ? Math.max(...isServerOf.map((client) => positions[2 * client]!)) + layerGap
      : near[index]!.some(isKnown) ? Math.min(...near[index]!.filter(isKnown).map((server) => positions[2 * server]!)) - layerGap
        : peers.x;
    for (let step = 0; ; step++) {
      const y = peers.y + Math.ceil(step / 2) * rowGap / 2 * (step % 2 === 0 ? 1 : -1);
      if (taken.isFree(x, y)) {
        return { x, y };
      }
    }
  }
}

/** Which places are taken, in squares as wide as the room of a node. */
class Taken {
  #squares = new Map<string, { x: number; y: number }[]>();

  add(x: number, y: number): void {
    const key = `${Math.floor(x / spacing)},${Math.floor(y / spacing)}`;
    const there = this.#squares.get(key);
    if (there) {
      there.push({ x, y });
    } else {
      this.#squares.set(key, [{ x, y }]);
    }
  }

  isFree(x: number, y: number): boolean {
    const column = Math.floor(x / spacing);
    const row = Math.floor(y / spacing);
    for (let dx = -1; dx <= 1; dx++) {
      for (let dy = -1; dy <= 1; dy++) {
        for (const other of this.#squares.get(`${column + dx},${row + dy}`) ?? []) {
          if (Math.abs(other.x - x) < spacing * 0.8 && Math.hypot(other.x - x, other.y - y) < rowGap * 0.95) {
            return false;
          }
        }
      }
    }

    return true;
  }
}
