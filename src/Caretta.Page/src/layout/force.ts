// Things that talk are near one another, groups are discs of their own. Two steps: first the discs, as if each were one node, then the
// nodes within their discs. The same input gives the same positions.

import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY, type SimulationNodeDatum } from 'd3-force';
import { components, pack, type Box } from './pack';
import { shuffled } from './random';
import { spacing, type LayoutInput } from './types';

interface Disc extends SimulationNodeDatum {
  x: number;
  y: number;
  radius: number;
  members: number[];
  /** It had no place before. */
  isCold: boolean;
}

interface Dot extends SimulationNodeDatum {
  x: number;
  y: number;
  disc: Disc;
  /** Where its partners in other discs draw it. */
  towardX: number;
  towardY: number;
}

const discGap = spacing * 0.55;
const goldenAngle = Math.PI * (3 - Math.sqrt(5));

export function forceLayout(input: LayoutInput): Float64Array {
  const discs = makeDiscs(input);
  const discOf = new Array<number>(input.nodes.length);
  discs.forEach((disc, index) => disc.members.forEach((member) => {
    discOf[member] = index;
  }));
  arrangeDiscs(discs, discLinks(input, discOf), input.aspect);
  const positions = arrangeDots(input, discs, discOf);
  repack(input, discs, positions);
  return positions;
}

function makeDiscs(input: LayoutInput): Disc[] {
  const groups = new Map<string, number[]>();
  input.nodes.forEach((node, index) => {
    const key = node.group === '' ? ` ${node.key}` : node.group;
    const members = groups.get(key);
    if (members) {
      members.push(index);
    } else {
      groups.set(key, [index]);
    }
  });

  const keys = [...groups.keys()];
  const isWarm = input.known.some((value) => !Number.isNaN(value));
  return shuffled(keys).map((index, place) => {
    const members = groups.get(keys[index]!)!;
    const radius = members.length === 1 ? spacing / 2 : spacing * (0.28 + 0.6 * Math.sqrt(members.length));
    const seat = isWarm ? centre(input.known, members) : null;
    const distance = spacing * 1.2 * Math.sqrt(place + 0.5);
    return {
      x: seat?.x ?? distance * Math.cos(place * goldenAngle),
      y: seat?.y ?? distance * Math.sin(place * goldenAngle),
      radius,
      members,
      isCold: seat === null,
    };
  });
}

function centre(known: Float64Array, members: number[]): { x: number; y: number } | null {
  let x = 0;
  let y = 0;
  let count = 0;
  for (const member of members) {
    if (!Number.isNaN(known[2 * member]!)) {
      x += known[2 * member]!;
      y += known[2 * member + 1]!;
      count++;
    }
  }

  return count === 0 ? null : { x: x / count, y: y / count };
}

function discLinks(input: LayoutInput, discOf: number[]): { source: number; target: number; weight: number }[] {
  const links = new Map<number, { source: number; target: number; weight: number }>();
  for (const [client, server] of input.links) {
    const one = Math.min(discOf[client]!, discOf[server]!);
    const other = Math.max(discOf[client]!, discOf[server]!);
    if (one === other) {
      continue;
    }

    const link = links.get(one * 65536 + other);
    if (link) {
      link.weight++;
    } else {
      links.set(one * 65536 + other, { source: one, target: other, weight: 1 });
    }
  }

  return [...links.values()];
}

// Each connected part by itself, then all beside one another.
function arrangeDiscs(discs: Disc[], links: { source: number; target: number; weight: number }[], aspect: number): void {
  const part = components(discs.length, links.map((link) => [link.source, link.target] as const));
  const parts: number[][] = [];
  part.forEach((number, index) => (parts[number] ??= []).push(index));
  const boxes: Box[] = [];
  for (const members of parts) {
    const place = new Map(members.map((disc, index) => [disc, index]));
    const own = members.map((index) => discs[index]!);
    simulateDiscs(own, links.filter((link) => place.has(link.source))
      .map((link) => ({ ...link, source: place.get(link.source)!, target: place.get(link.target)! })), aspect);
    if (own.every((disc) => disc.isCold)) {
      turn(own, aspect);
      squeeze(own, aspect);
    }

    boxes.push(own.reduce((box, disc) => ({
      left: Math.min(box.left, disc.x - disc.radius),
      top: Math.min(box.top, disc.y - disc.radius),
      right: Math.max(box.right, disc.x + disc.radius),
      bottom: Math.max(box.bottom, disc.y + disc.radius),
    }), { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity }));
  }

  const moves = parts.length === 1 ? [{ x: 0, y: 0 }] : pack(boxes, aspect, discGap);
  parts.forEach((members, number) => members.forEach((index) => {
    discs[index]!.x += moves[number]!.x;
    discs[index]!.y += moves[number]!.y;
  }));
}

// The longest axis (of the greatest variance) along the longer side of the screen.
function turn(discs: Disc[], aspect: number): void {
  const weight = discs.reduce((sum, disc) => sum + disc.radius ** 2, 0);
  const x = discs.reduce((sum, disc) => sum + disc.x * disc.radius ** 2, 0) / weight;
  const y = discs.reduce((sum, disc) => sum + disc.y * disc.radius ** 2, 0) / weight;
  let xx = 0;
  let yy = 0;
  let xy = 0;
  for (const disc of discs) {
    xx += (disc.x - x) ** 2 * disc.radius ** 2;
    yy += (disc.y - y) ** 2 * disc.radius ** 2;
    xy += (disc.x - x) * (disc.y - y) * disc.radius ** 2;
  }

  const angle = (aspect >= 1 ? 0 : Math.PI / 2) - Math.atan2(2 * xy, xx - yy) / 2;
  for (const disc of discs) {
    [disc.x, disc.y] = [
      x + (disc.x - x) * Math.cos(angle) - (disc.y - y) * Math.sin(angle), y + (disc.x - x) * Math.sin(angle) + (disc.y - y) * Math.cos(angle),
    ];
  }
}

// Toward the shape of the screen, as far as that goes without distorting much.
function squeeze(discs: Disc[], aspect: number): void {
  if (discs.length < 3) {
    return;
  }

  const extent = (of: (disc: Disc) => number) =>
    Math.max(...discs.map((disc) => of(disc) + disc.radius)) - Math.min(...discs.map((disc) => of(disc) - disc.radius));
  const factor = Math.min(1.5, Math.max(1 / 1.5, Math.sqrt(aspect * extent((disc) => disc.y) / extent((disc) => disc.x))));
  for (const disc of discs) {
    disc.x *= factor;
    disc.y /= factor;
    disc.vx = 0;
    disc.vy = 0;
  }

  forceSimulation(discs).stop().velocityDecay(0.5)
    .force('collide', forceCollide<Disc>((disc) => disc.radius + discGap / 2).iterations(2)).tick(discs.length > 800 ? 15 : 30);
}

function simulateDiscs(discs: Disc[], links: { source: number; target: number; weight: number }[], aspect: number): void {
  if (discs.length === 1) {
    return;
  }

  const degree = new Array<number>(discs.length).fill(0);
  for (const link of links) {
    degree[link.source]!++;
    degree[link.target]!++;
  }

  const strengths = links.map((link) =>
    Math.min(1, (0.8 + 0.1 * Math.log2(link.weight)) / Math.min(degree[link.source]!, degree[link.target]!)));
  const stretch = Math.min(3, Math.max(1 / 3, aspect));
  const gravity = 0.06;
  const ticks = discs.length > 800 ? 110 : discs.length > 300 ? 160 : 240;
  const simulation = forceSimulation(discs)
    .stop()
    .alphaDecay(1 - 0.003 ** (1 / ticks))
    .velocityDecay(0.35)
    .force('charge', forceManyBody<Disc>().strength((disc) => -6 * disc.radius).theta(1).distanceMax(1500))
    .force('link', forceLink<Disc, { source: number; target: number; weight: number }>(links)
      .distance((link) => radiusOf(discs, link.source) + radiusOf(discs, link.target) + discGap)
      .strength((_, index) => strengths[index]!))
    .force('collide', forceCollide<Disc>((disc) => disc.radius + discGap / 2).iterations(2))
    .force('x', forceX<Disc>(0).strength(gravity / stretch))
    .force('y', forceY<Disc>(0).strength(gravity * stretch));
  simulation.tick(ticks);
}

// d3 puts the nodes in the place of their indices.
function radiusOf(discs: Disc[], end: number | Disc): number {
  return typeof end === 'object' ? end.radius : discs[end]!.radius;
}

function arrangeDots(input: LayoutInput, discs: Disc[], discOf: number[]): Float64Array {
  const positions = new Float64Array(2 * input.nodes.length);
  const dots: Dot[] = [];
  const dotOf = new Map<number, number>();
  for (const disc of discs) {
    const order = disc.members.length > 1 ? shuffled(disc.members.map((member) => input.nodes[member]!.key)) : [0];
    order.forEach((index, place) => {
      const member = disc.members[index]!;
      positions[2 * member] = disc.x;
      positions[2 * member + 1] = disc.y;
      if (disc.members.length > 1) {
        const distance = spacing * 0.55 * Math.sqrt(place + 0.5);
        dotOf.set(member, dots.length);
        dots.push({
          x: disc.x + distance * Math.cos(place * goldenAngle),
          y: disc.y + distance * Math.sin(place * goldenAngle),
          disc,
          towardX: disc.x,
          towardY: disc.y,
        });
      }
    });
  }

  if (dots.length === 0) {
    return positions;
  }

  const inner = draw(input, discs, discOf, dots, dotOf);
  const degree = new Array<number>(dots.length).fill(0);
  for (const link of inner) {
    degree[link.source]!++;
    degree[link.target]!++;
  }

  const strengths = inner.map((link) => 0.7 / Math.min(degree[link.source]!, degree[link.target]!));
  const ticks = dots.length > 800 ? 40 : dots.length > 250 ? 55 : 90;
  const simulation = forceSimulation(dots)
    .stop()
    .alphaDecay(1 - 0.005 ** (1 / ticks))
    .velocityDecay(0.4)
    .force('charge', forceManyBody<Dot>().strength(-spacing * 1.6).theta(1).distanceMax(spacing * 4))
    .force('link', forceLink<Dot, { source: number; target: number }>(inner).distance(spacing).strength((_, index) => strengths[index]!))
    .force('x', forceX<Dot>((dot) => dot.towardX).strength(0.08))
    .force('y', forceY<Dot>((dot) => dot.towardY).strength(0.08))
    .force('collide', forceCollide<Dot>(spacing * 0.47).iterations(2));
  for (let tick = 0; tick < ticks; tick++) {
    simulation.tick();
    dots.forEach(keepInside);
  }

  // At last only room counts.
  simulation.force('charge', null).force('link', null).force('x', null).force('y', null).velocityDecay(0.6);
  for (let tick = 0; tick < 12; tick++) {
    simulation.tick();
    dots.forEach(keepInside);
  }

  for (const [member, dot] of dotOf) {
    positions[2 * member] = dots[dot]!.x;
    positions[2 * member + 1] = dots[dot]!.y;
  }

  return positions;
}

// Connected parts, whose room is now known exactly, beside one another. Nodes of one group are connected here.
function repack(input: LayoutInput, discs: Disc[], positions: Float64Array): void {
  const part = components(input.nodes.length, [
    ...input.links, ...discs.flatMap((disc) => disc.members.slice(1).map((member) => [disc.members[0]!, member] as const)),
  ]);
  const boxes: Box[] = [];
  part.forEach((number, index) => {
    const x = positions[2 * index]!;
    const y = positions[2 * index + 1]!;
    const box = boxes[number] ??= { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
    box.left = Math.min(box.left, x - spacing / 2);
    box.top = Math.min(box.top, y - spacing / 2);
    box.right = Math.max(box.right, x + spacing / 2);
    box.bottom = Math.max(box.bottom, y + spacing / 2);
  });
  if (boxes.length > 1) {
    const moves = pack(boxes, input.aspect, spacing * 0.3);
    part.forEach((number, index) => {
      positions[2 * index]! += moves[number]!.x;
      positions[2 * index + 1]! += moves[number]!.y;
    });
  }
}

// Links within discs; those between discs become a direction for each dot.
function draw(
  input: LayoutInput, discs: Disc[], discOf: number[], dots: Dot[], dotOf: Map<number, number>,
): { source: number; target: number }[] {
  const inner: { source: number; target: number }[] = [];
  const pulls = dots.map(() => ({ x: 0, y: 0 }));
  const pull = (from: number, to: number) => {
    const dot = dotOf.get(from);
    if (dot !== undefined) {
      const own = discs[discOf[from]!]!;
      const other = discs[discOf[to]!]!;
      const distance = Math.hypot(other.x - own.x, other.y - own.y) || 1;
      pulls[dot]!.x += (other.x - own.x) / distance;
      pulls[dot]!.y += (other.y - own.y) / distance;
    }
  };
  for (const [client, server] of input.links) {
    if (client === server) {
      continue;
    }

    if (discOf[client] === discOf[server]) {
      inner.push({ source: dotOf.get(client)!, target: dotOf.get(server)! });
    } else {
      pull(client, server);
      pull(server, client);
    }
  }

  pulls.forEach(({ x, y }, index) => {
    const length = Math.hypot(x, y);
    if (length > 0) {
      const dot = dots[index]!;
      const reach = dot.disc.radius * 0.6 * Math.min(1, length) / length;
      dot.towardX += x * reach;
      dot.towardY += y * reach;
    }
  });
  return inner;
}

function keepInside(dot: Dot): void {
  const dx = dot.x - dot.disc.x;
  const dy = dot.y - dot.disc.y;
  const distance = Math.hypot(dx, dy);
  const most = dot.disc.radius - spacing * 0.42;
  if (distance > most) {
    dot.x = dot.disc.x + dx * most / distance;
    dot.y = dot.disc.y + dy * most / distance;
  }
}
