import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forceLayout } from '../src/layout/force';
import { layersLayout } from '../src/layout/layers';
import { components, pack } from '../src/layout/pack';
import { placeNewcomers } from '../src/layout/place';
import { spacing, type LayoutInput } from '../src/layout/types';
import { groupOf, openNamespaces } from '../src/map/scene';
import { buildGraph } from '../src/model/build';
import type { Graph } from '../src/model/graph';
import { defaults } from '../src/state';
import { answer, large, random } from './answers';

function inputOf(graph: Graph, aspect = 1.6): LayoutInput {
  const indices = new Map(graph.nodes.map((node, index) => [node.key, index]));
  const namespaces = openNamespaces(graph.nodes);
  return {
    nodes: graph.nodes.map((node) => ({ key: node.key, group: groupOf(node, namespaces) })),
    links: graph.links.map((link) => [indices.get(link.client.key)!, indices.get(link.server.key)!] as const),
    aspect,
    known: new Float64Array(2 * graph.nodes.length).fill(NaN),
  };
}

const input = (nodes: number, links: number, namespaces: number) => inputOf(buildGraph(large(nodes, links, namespaces), defaults));

/** The two nodes that are nearest to one another. */
function nearest(positions: Float64Array): number {
  let least = Infinity;
  for (let one = 0; one < positions.length; one += 2) {
    for (let other = one + 2; other < positions.length; other += 2) {
      least = Math.min(least, Math.hypot(positions[one]! - positions[other]!, positions[one + 1]! - positions[other + 1]!));
    }
  }

  return least;
}

test('The same input gives the same places', () => {
  for (const layout of [forceLayout, layersLayout]) {
    assert.deepEqual(layout(input(120, 300, 5)), layout(input(120, 300, 5)));
  }
});

test('All have a place, and room around it', () => {
  for (const [nodes, links, namespaces] of [[1, 0, 1], [2, 1, 1], [30, 60, 1], [500, 2000, 12], [2000, 6000, 15]] as const) {
    const some = nodes === 1 ? { ...input(2, 1, 1), nodes: [{ key: 'a', group: '' }], links: [], known: new Float64Array(2).fill(NaN) }
      : input(nodes, links, namespaces);
    for (const layout of [forceLayout, layersLayout]) {
      const positions = layout(some);
      assert.equal(positions.length, 2 * some.nodes.length);
      assert(positions.every(Number.isFinite), `${layout.name} of ${nodes}`);
      assert(nodes === 1 || nearest(positions) > spacing * 0.4, `${layout.name} of ${nodes}: ${nearest(positions)}`);
    }
  }
});

test('Namespaces have places of their own', () => {
  const some = input(300, 900, 8);
  const positions = forceLayout(some);
  const discs = new Map<string, { x: number; y: number; count: number; radius: number }>();
  some.nodes.forEach((node, index) => {
    const disc = discs.get(node.group) ?? { x: 0, y: 0, count: 0, radius: 0 };
    disc.x += positions[2 * index]!;
    disc.y += positions[2 * index + 1]!;
    disc.count++;
    discs.set(node.group, disc);
  });
  assert(discs.size > 5);
  let nearOther = 0;
  some.nodes.forEach((node, index) => {
    const distance = (disc: { x: number; y: number; count: number }) =>
      Math.hypot(positions[2 * index]! - disc.x / disc.count, positions[2 * index + 1]! - disc.y / disc.count) / Math.sqrt(disc.count);
    const own = distance(discs.get(node.group)!);
    nearOther += [...discs].some(([group, disc]) => group !== node.group && distance(disc) < own) ? 1 : 0;
  });
  assert.equal(nearOther, 0);
});

test('Clients stand left of the servers they call', () => {
  const next = random(3);
  const links: [number, number, number][] = [];
  for (let one = 0; one < 40; one++) {
    for (let other = one + 1; other < 40; other++) {
      if (Math.floor(one / 10) < Math.floor(other / 10) && next() < 0.1) {
        links.push([one, other, 80]);
      }
    }
  }

  const graph = buildGraph(answer(Array.from({ length: 40 }, (_, index) => ['Pod', 'shop', `pod-${index}`]), links), defaults);
  const some = inputOf(graph);
  const positions = layersLayout(some);
  for (const [client, server] of some.links) {
    assert(positions[2 * client]! < positions[2 * server]!, `${some.nodes[client]!.key} before ${some.nodes[server]!.key}`);
  }
});

test('Links in a circle do not keep the layers from being found', () => {
  const circle = buildGraph(answer([['Pod', 's', 'a'], ['Pod', 's', 'b'], ['Pod', 's', 'c']], [[0, 1, 80], [1, 2, 80], [2, 0, 80], [0, 0, 80]]), defaults);
  const positions = layersLayout(inputOf(circle));
  assert.equal(new Set([positions[0], positions[2], positions[4]]).size, 3);
});

test('Newcomers are placed; all others stay exactly where they are', () => {
  const graph = buildGraph(large(200, 600, 6), defaults);
  for (const layout of ['force', 'layers'] as const) {
    const some = inputOf(graph);
    const before = (layout === 'force' ? forceLayout : layersLayout)(some);
    const next = random(5);
    const newcomers = new Set(some.nodes.map((_, index) => index).filter(() => next() < 0.1));
    newcomers.forEach((index) => before.fill(NaN, 2 * index, 2 * index + 2));
    const after = placeNewcomers({ ...some, known: before }, layout);
    some.nodes.forEach((_, index) => {
      if (newcomers.has(index)) {
        assert(Number.isFinite(after[2 * index]!) && Number.isFinite(after[2 * index + 1]!));
      } else {
        assert(after[2 * index] === before[2 * index] && after[2 * index + 1] === before[2 * index + 1]);
      }
    });
    assert(newcomers.size > 10 && nearest(after) > spacing * 0.45, `${layout}: ${nearest(after)}`);
  }
});

test('Who begins with nothing known is placed too', () => {
  const some = input(50, 100, 3);
  const positions = placeNewcomers(some, 'force');
  assert(positions.every(Number.isFinite) && nearest(positions) > spacing * 0.45);
});

test('A warm start keeps the map recognisable', () => {
  const some = input(150, 400, 5);
  const before = forceLayout(some);
  const after = forceLayout({ ...some, known: before });
  const groups = [...new Set(some.nodes.map((node) => node.group))];
  const middles = (positions: Float64Array) => groups.map((group) => {
    const members = some.nodes.map((_, index) => index).filter((index) => some.nodes[index]!.group === group);
    return [0, 1].map((axis) => members.reduce((sum, index) => sum + positions[2 * index + axis]!, 0) / members.length);
  });
  const old = middles(before);
  const fresh = middles(after);
  let kept = 0;
  let all = 0;
  for (let one = 0; one < groups.length; one++) {
    for (let other = one + 1; other < groups.length; other++) {
      for (const axis of [0, 1]) {
        const apart = old[one]![axis]! - old[other]![axis]!;
        if (Math.abs(apart) > spacing) {
          all++;
          kept += Math.sign(apart) === Math.sign(fresh[one]![axis]! - fresh[other]![axis]!) ? 1 : 0;
        }
      }
    }
  }

  assert(kept >= 0.8 * all, `${kept} of ${all} keep their sides`);
});

test('Parts that nothing connects are found, and packed without overlap', () => {
  assert.deepEqual(components(6, [[0, 3], [3, 5], [1, 2]]), [0, 1, 1, 0, 2, 0]);
  const next = random(11);
  const boxes = Array.from({ length: 60 }, () => {
    const left = next() * 1000;
    const top = next() * 1000;
    return { left, top, right: left + 10 + 300 * next() * next(), bottom: top + 10 + 300 * next() * next() };
  });
  const moves = pack(boxes, 1.6, 10);
  const placed = boxes.map((box, index) => ({
    left: box.left + moves[index]!.x, top: box.top + moves[index]!.y, right: box.right + moves[index]!.x, bottom: box.bottom + moves[index]!.y,
  }));
  for (let one = 0; one < placed.length; one++) {
    for (let other = one + 1; other < placed.length; other++) {
      const a = placed[one]!;
      const b = placed[other]!;
      assert(a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top, `${one} and ${other}`);
    }
  }
});
