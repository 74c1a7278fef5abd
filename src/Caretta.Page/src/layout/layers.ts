// Clients on the left, servers on the right: layers as Sugiyama and others have them, without bends. The same input gives the same
// positions.

import { components, pack, type Box } from './pack';
import { layerGap, rowGap, spacing, type LayoutInput } from './types';

const columnGap = spacing * 1.5;
const sweeps = 8;

interface Layered {
  /** Nodes per layer, top to bottom. */
  layers: number[][];
  before: number[][];
  after: number[][];
}

export function layersLayout(input: LayoutInput): Float64Array {
  const positions = new Float64Array(2 * input.nodes.length);
  const part = components(input.nodes.length, input.links);
  const parts: number[][] = [];
  part.forEach((number, index) => (parts[number] ??= []).push(index));
  const maxRows = Math.max(10, Math.ceil(1.5 * Math.sqrt(input.nodes.length / Math.max(0.5, input.aspect))));
  const boxes = parts.map((members) => arrange(input, members, maxRows, positions));
  const moves = parts.length === 1 ? [{ x: 0, y: 0 }] : pack(boxes, input.aspect, spacing * 0.4);
  parts.forEach((members, number) => members.forEach((member) => {
    positions[2 * member]! += moves[number]!.x;
    positions[2 * member + 1]! += moves[number]!.y;
  }));
  return positions;
}

function arrange(input: LayoutInput, members: number[], maxRows: number, positions: Float64Array): Box {
  const graph = order(input, assign(input, members));
  const rows = new Map<number, number>();
  const columns: { x: number; nodes: number[] }[] = [];
  let x = 0;
  for (const layer of graph.layers) {
    const count = Math.ceil(layer.length / maxRows);
    const height = Math.ceil(layer.length / count);
    for (let column = 0; column < count; column++) {
      columns.push({ x: x + column * columnGap, nodes: layer.slice(column * height, (column + 1) * height) });
    }

    x += layerGap + (count - 1) * columnGap;
  }

  for (const column of columns) {
    column.nodes.forEach((node, row) => rows.set(node, (row - (column.nodes.length - 1) / 2) * rowGap));
  }

  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const column of isForward ? columns : [...columns].reverse()) {
      straighten(column.nodes, (node) => {
        const near = isForward ? graph.before[node]! : graph.after[node]!;
        return near.length > 0 ? near.reduce((sum, other) => sum + rows.get(other)!, 0) / near.length : rows.get(node)!;
      }, rows);
    }
  }

  const box: Box = { left: -spacing / 2, top: Infinity, right: spacing / 2, bottom: -Infinity };
  for (const column of columns) {
    for (const node of column.nodes) {
      const y = rows.get(node)!;
      positions[2 * node] = column.x;
      positions[2 * node + 1] = y;
      box.right = Math.max(box.right, column.x + spacing / 2);
      box.top = Math.min(box.top, y - rowGap / 2);
      box.bottom = Math.max(box.bottom, y + rowGap / 2);
    }
  }

  return box;
}

// Links that would go round are turned: repeatedly takes out sinks and sources, and where there are none, the node that most leave from
// (Eades, Lin and Smyth, "A fast and effective heuristic for the feedback arc set problem", 1993). Then each node comes after all that
// it serves: the longest path.
function assign(input: LayoutInput, members: number[]): Layered {
  const out = new Map(members.map((member) => [member, new Set<number>()]));
  const into = new Map(members.map((member) => [member, new Set<number>()]));
  for (const [client, server] of input.links) {
    if (client !== server && out.has(client)) {
      out.get(client)!.add(server);
      into.get(server)!.add(client);
    }
  }

  const rank = sequence(input, members, out, into);
  const before: number[][] = [];
  const after: number[][] = [];
  for (const member of members) {
    const forward = [...out.get(member)!].filter((other) => rank.get(other)! > rank.get(member)!);
    const turned = [...into.get(member)!].filter((other) => rank.get(other)! > rank.get(member)!);
    after[member] = [...new Set([...forward, ...turned])];
    before[member] = [];
  }

  members.forEach((member) => after[member]!.forEach((other) => before[other]!.push(member)));
  const layer = new Map<number, number>();
  const sorted = [...members].sort((one, other) => rank.get(one)! - rank.get(other)!);
  for (const member of sorted) {
    layer.set(member, before[member]!.reduce((most, other) => Math.max(most, layer.get(other)! + 1), 0));
  }

  // Clients that nobody calls stand right before the nearest they call.
  for (const member of [...sorted].reverse()) {
    if (before[member]!.length === 0 && after[member]!.length > 0) {
      layer.set(member, after[member]!.reduce((least, other) => Math.min(least, layer.get(other)! - 1), Infinity));
    }
  }

  // A long chain would be a thin line: layers are drawn together until all have about the shape of the screen.
  const count = Math.max(...layer.values()) + 1;
  const most = Math.max(5, Math.round(0.9 * Math.sqrt(members.length * input.aspect * rowGap / layerGap)));
  const layers: number[][] = [];
  members.forEach((member) => {
    const number = count > most ? Math.floor(layer.get(member)! * most / count) : layer.get(member)!;
    (layers[number] ??= []).push(member);
  });
  return { layers: layers.filter((nodes) => nodes !== undefined), before, after };
}

function sequence(
  input: LayoutInput, members: number[], out: Map<number, Set<number>>, into: Map<number, Set<number>>,
): Map<number, number> {
  const outs = new Map(members.map((member) => [member, out.get(member)!.size]));
  const ins = new Map(members.map((member) => [member, into.get(member)!.size]));
  const left = new Set([...members].sort((one, other) => (input.nodes[one]!.key < input.nodes[other]!.key ? -1 : 1)));
  const front: number[] = [];
  const back: number[] = [];
  const take = (member: number) => {
    left.delete(member);
    out.get(member)!.forEach((other) => ins.set(other, ins.get(other)! - 1));
    into.get(member)!.forEach((other) => outs.set(other, outs.get(other)! - 1));
  };
  while (left.size > 0) {
    let found = false;
    for (const member of left) {
      if (outs.get(member) === 0) {
        back.push(member);
      } else if (ins.get(member) === 0) {
        front.push(member);
      } else {
        continue;
      }

      take(member);
      found = true;
    }

    if (!found) {
      let best = -1;
      let most = -Infinity;
      for (const member of left) {
        const surplus = outs.get(member)! - ins.get(member)!;
        if (surplus > most) {
          best = member;
          most = surplus;
        }
      }

      front.push(best);
      take(best);
    }
  }

  return new Map([...front, ...back.reverse()].map((member, index) => [member, index]));
}

// Few crossings: each layer by the mean place of its neighbours in the layers beside, back and forth. Ties stay as they are: by group.
function order(input: LayoutInput, graph: Layered): Layered {
  const place = new Map<number, number>();
  const layers = graph.layers.map((layer) => [...layer].sort((one, other) => {
    const first = input.nodes[one]!;
    const second = input.nodes[other]!;
    return first.group < second.group ? -1 : first.group > second.group ? 1 : first.key < second.key ? -1 : 1;
  }));
  const number = (layer: number[]) => layer.forEach((node, index) => place.set(node, (index + 0.5) / layer.length));
  layers.forEach(number);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const isForward = sweep % 2 === 0;
    for (const layer of isForward ? layers : [...layers].reverse()) {
      const wish = new Map(layer.map((node) => {
        const near = isForward ? graph.before[node]! : graph.after[node]!;
        return [node, near.length > 0 ? near.reduce((sum, other) => sum + place.get(other)!, 0) / near.length : place.get(node)!];
      }));
      layer.sort((one, other) => wish.get(one)! - wish.get(other)! || place.get(one)! - place.get(other)!);
      number(layer);
    }
  }

  return { ...graph, layers };
}

// As near to the wishes as order and gap allow: least squares, by merging neighbours that would be too close.
function straighten(nodes: number[], wish: (node: number) => number, rows: Map<number, number>): void {
  const blocks: { sum: number; count: number }[] = [];
  nodes.forEach((node, index) => {
    let block = { sum: wish(node) - index * rowGap, count: 1 };
    for (let last = blocks.at(-1); last && last.sum / last.count >= block.sum / block.count; last = blocks.at(-1)) {
      blocks.pop();
      block = { sum: last.sum + block.sum, count: last.count + block.count };
    }

    blocks.push(block);
  });
  let index = 0;
  for (const { sum, count } of blocks) {
    for (let within = 0; within < count; within++, index++) {
      rows.set(nodes[index]!, sum / count + index * rowGap);
    }
  }
}
