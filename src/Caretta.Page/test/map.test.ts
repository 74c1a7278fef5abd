import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forceLayout } from '../src/layout/force';
import { fitAll, reveal, showsAll, zoomBy } from '../src/map/camera';
import { contains, hull } from '../src/map/hull';
import { linkText, placeLabels, type Texts } from '../src/map/labels';
import { linkAt, nextNode, nodeAt } from '../src/map/pick';
import { groupOf, makeScene, openNamespaces, pointAt, shorten } from '../src/map/scene';
import { sayNode } from '../src/map/speech';
import { buildGraph } from '../src/model/build';
import { defaults } from '../src/state';
import { answer, large, random } from './answers';

const texts: Texts = { width: (text) => text.length * 7, height: () => 15 };

function sceneOf(nodes: number, links: number) {
  const graph = buildGraph(large(nodes, links, 4), defaults);
  const namespaces = openNamespaces(graph.nodes);
  const indices = new Map(graph.nodes.map((node, index) => [node.key, index]));
  const positions = forceLayout({
    nodes: graph.nodes.map((node) => ({ key: node.key, group: groupOf(node, namespaces) })),
    links: graph.links.map((link) => [indices.get(link.client.key)!, indices.get(link.server.key)!] as const),
    aspect: 1.6, known: new Float64Array(2 * graph.nodes.length).fill(NaN),
  });
  const places = new Map(graph.nodes.map((node, index) => [node.key, { x: positions[2 * index]!, y: positions[2 * index + 1]! }]));
  return makeScene(graph, places, 'force', false);
}

test('Names do not lie on one another', () => {
  for (const zoom of [0.3, 1, 2]) {
    const labels = placeLabels(sceneOf(150, 300), zoom, 'bytes', texts).filter((label) => label.style !== 'region');
    assert(labels.length > 30);
    for (let one = 0; one < labels.length; one++) {
      for (let other = one + 1; other < labels.length; other++) {
        const a = labels[one]!;
        const b = labels[other]!;
        assert(Math.abs(a.x - b.x) >= (a.width + b.width) / 2 - 1e-6 || Math.abs(a.y - b.y) >= (a.height + b.height) / 2 - 1e-6,
          `${a.text} and ${b.text} at ${zoom}`);
      }
    }
  }
});

test('Every node and link is found where it is drawn', () => {
  const scene = sceneOf(100, 200);
  for (const node of scene.nodes) {
    assert.equal(nodeAt(scene, node.x + 1, node.y - 1, 0), node);
  }

  for (const link of scene.links) {
    const middle = pointAt(link, 0.5);
    assert(linkAt(scene, middle.x, middle.y, 6) !== null);
  }

  assert.equal(nodeAt(scene, scene.right + 500, 0, 4), null);
  assert.equal(linkAt(scene, scene.right + 500, 0, 4), null);
});

test('There and back are two curves', () => {
  const graph = buildGraph(answer([['Pod', 's', 'a'], ['Pod', 's', 'b']], [[0, 1, 80], [1, 0, 81]]), defaults);
  const scene = makeScene(graph, new Map([['Pod/s/a', { x: 0, y: 0 }], ['Pod/s/b', { x: 200, y: 0 }]]), 'force', false);
  const [there, back] = scene.links;
  assert(Math.abs(pointAt(there!, 0.5).y - pointAt(back!, 0.5).y) > 15);
});

test('From any node the arrow keys lead to every other', () => {
  const scene = sceneOf(80, 160);
  const seen = new Set([nextNode(scene, null, 1, 0)!]);
  for (const node of seen) {
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) {
      const next = nextNode(scene, node, dx, dy);
      if (next) {
        assert((next.x - node.x) * dx + (next.y - node.y) * dy > 0);
        seen.add(next);
      }
    }
  }

  assert.equal(seen.size, scene.nodes.length);
});

test('An outline holds all that it is around', () => {
  const next = random(2);
  const points = Array.from({ length: 50 }, () => ({ x: 400 * next(), y: 300 * next() }));
  const outline = hull(points, 20);
  assert(points.every((point) => contains(outline, point.x, point.y)));
  assert(!contains(outline, -50, -50));
  assert(hull([{ x: 0, y: 0 }], 10).length >= 12);
});

test('Names are shortened, and marks that turn text around are shown as what they are', () => {
  assert.equal(shorten('web'), 'web');
  assert(shorten('x'.repeat(253)).length <= 32);
  assert.equal(shorten('\u202egnp.exe'), '\ufffdgnp.exe');
  assert.equal(shorten('a\u0000b\u200fc\nd'), 'a\ufffdb\ufffdc\ufffdd');
  assert.equal([...shorten('😀'.repeat(60))].filter((letter) => letter === '😀').length, [...shorten('😀'.repeat(60))].length - 1);
});

test('A node is spoken of with its peers and traffic', () => {
  const graph = buildGraph(answer([['Deployment', 'shop', 'web'], ['Pod', 'shop', 'db'], ['Pod', 'shop', 'c']],
    [[0, 1, 80, { bytesToClientPerSecond: 1_200_000 }], [2, 0, 80], [2, 0, 81]]), defaults);
  const scene = makeScene(graph, new Map(graph.nodes.map((node, index) => [node.key, { x: index * 100, y: 0 }])), 'force', false);
  assert.equal(sayNode(scene.byKey.get('Deployment/shop/web')!), 'web, Deployment in shop, 1 client, 1 server, 1.2 MB/s');
});

test('A link says what is asked for, with the sign of its change', () => {
  const before = answer([['Pod', 's', 'a'], ['Pod', 's', 'b']], [[0, 1, 80, { bytesToClientPerSecond: 10 }]]);
  const after = answer([['Pod', 's', 'a'], ['Pod', 's', 'b']],
    [[0, 1, 80, { bytesToClientPerSecond: 1000, openedPerSecond: 2, failed: 3, failedPerSecond: 0.5 }], [0, 1, 81], [0, 1, 82], [0, 1, 83]]);
  const link = buildGraph(after, defaults).links[0]!;
  assert.equal(linkText(link, 'bytes'), '! 1 kB/s');
  assert.equal(linkText(link, 'connections'), '! 2/s');
  assert.equal(linkText(link, 'failures'), '! 0.5/s failed');
  assert.equal(linkText(link, 'ports'), '! 80, 81, 82 +1');
  assert.equal(linkText(link, 'none'), '!');
  assert.equal(linkText(buildGraph(after, defaults, before).links[0]!, 'bytes'), '!▲ 1 kB/s');
});

test('All fits into view, whatever the window, and a point is brought into view and no further', () => {
  const scene = sceneOf(60, 120);
  for (const [width, height] of [[375, 500], [1600, 900], [3840, 2000]] as const) {
    const view = fitAll(scene, { k: 3, x: -1e5, y: 7, width, height })!;
    assert(showsAll(scene, view));
    const near = zoomBy(view, 3);
    assert(!showsAll(scene, near));
    const [nearX, viewX] = [near, view].map(({ k, x }) => (width / 2 - x) / k) as [number, number];
    assert(Math.abs(nearX - viewX) < 1e-6, 'the middle stays');
    const corner = { x: scene.right, y: scene.bottom };
    const moved = reveal(near, corner);
    assert(corner.x * moved.k + moved.x <= width && corner.y * moved.k + moved.y <= height);
    assert.equal(reveal(moved, corner), moved);
  }

  assert.equal(fitAll(scene, { k: 1, x: 0, y: 0, width: 0, height: 0 }), null);
});
