import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph, isAddress, isNew } from '../src/model/build';
import type { Graph } from '../src/model/graph';
import { parseNodeKey, portKey } from '../src/model/keys';
import { defaults, type ViewState } from '../src/state';
import { answer, large } from './answers';

const view = (change: Partial<ViewState> = {}): ViewState => ({ ...defaults, ...change });
const names = (graph: Graph) => graph.nodes.map((node) => node.name).sort();
const shop = answer([
  ['Deployment', 'shop', 'web'], ['StatefulSet', 'shop', 'db'], ['Deployment', 'mail', 'smtp'], ['external', 'external', '192.0.2.1'],
  ['external', 'external', 'example.org'], ['Deployment', 'kube-system', 'dns'],
], [
  [0, 1, 5432, { bytesToServerPerSecond: 1, bytesToClientPerSecond: 9, open: 2 }], [0, 1, 9187], [1, 0, 80], [0, 2, 25],
  [2, 3, 25, { failed: 4, failedPerSecond: 0.5 }], [2, 4, 25], [0, 5, 53],
]);

test('The system is hidden and counted', () => {
  const hidden = buildGraph(shop, view());
  assert.equal(hidden.hiddenSystem, 1);
  assert.equal(hidden.totalLinks, 6);
  assert.deepEqual(names(hidden), ['db', 'external', 'smtp', 'web']);
  assert.equal(hidden.namespaces.get('kube-system'), 1, 'it can be filtered for');
  const shown = buildGraph(shop, view({ system: true }));
  assert.equal(shown.hiddenSystem, 0);
  assert.equal(shown.totalLinks, 7);
  assert(names(buildGraph(shop, view({ namespaces: ['kube-system'] }))).includes('dns'), 'asked for by name it is shown');
});

test('Our own namespace is hidden, but not one that others use too, nor a host', () => {
  const own = answer([['DaemonSet', 'caretta', 'caretta'], ['Deployment', 'caretta', 'grafana'], ['Deployment', 'shop', 'web']],
    [[2, 0, 7117], [1, 0, 80], [2, 2, 80]]);
  assert.deepEqual(names(buildGraph(own, view())), ['web']);
  assert.equal(buildGraph(own, view()).hiddenSystem, 2);
  const shared = answer([['DaemonSet', 'default', 'caretta-vm'], ['Deployment', 'default', 'web'], ['Deployment', 'default', 'db']],
    [[1, 0, 80], [1, 2, 80]]);
  assert.deepEqual(names(buildGraph(shared, view())), ['db', 'web']);
  const host = answer([['unit', 'host', 'caretta.service'], ['process', 'host', 'caretta'], ['process', 'host', 'curl']], [[2, 0, 80], [2, 1, 80]]);
  assert.equal(buildGraph(host, view()).nodes.length, 3);
});

test('One link per ordered pair, with its ports', () => {
  const graph = buildGraph(shop, view());
  const link = graph.links.find((item) => item.client.name === 'web' && item.server.name === 'db')!;
  assert.deepEqual(link.ports.map((port) => port.port), [5432, 9187]);
  assert.equal(link.bytesToServerPerSecond + link.bytesToClientPerSecond, 10);
  assert.equal(link.open, 3);
  assert.equal(link.bytesToClient, 2000);
  assert(graph.links.some((item) => item.client.name === 'db' && item.server.name === 'web'), 'the other way is another link');
  const web = graph.nodes.find((node) => node.name === 'web')!;
  assert.equal(web.bytesInPerSecond, 9);
  assert.equal(web.bytesOutPerSecond, 1);
});

test('Folds count their members, and what stays within them is gone', () => {
  const graph = buildGraph(shop, view({ folded: ['shop'] }));
  const box = graph.nodes.find((node) => node.fold === 'namespace')!;
  assert.equal(box.members, 2);
  assert.equal(box.key, '*/shop');
  assert.equal(graph.links.filter((link) => link.client === box || link.server === box).length, 1);
  const external = graph.nodes.find((node) => node.fold === 'external')!;
  assert.equal(external.members, 2);
  assert.equal(buildGraph(shop, view({ foldExternal: false })).nodes.filter((node) => node.kind === 'external').length, 2);
  assert.deepEqual(parseNodeKey('unit/host/a/b.service'), { kind: 'unit', namespace: 'host', name: 'a/b.service' });
});

test('One end of a link has to match namespace, kind and search together', () => {
  assert.deepEqual(names(buildGraph(shop, view({ namespaces: ['mail'] }))), ['external', 'smtp', 'web']);
  assert.deepEqual(names(buildGraph(shop, view({ namespaces: ['shop'], kinds: ['StatefulSet'] }))), ['db', 'web']);
  assert.deepEqual(names(buildGraph(shop, view({ namespaces: ['mail'], kinds: ['StatefulSet'] }))), []);
  assert.deepEqual(names(buildGraph(shop, view({ search: ' 192.0 ', foldExternal: false }))), ['192.0.2.1', 'smtp']);
  const ports = buildGraph(shop, view({ ports: [5432] }));
  assert.equal(ports.links[0]!.ports.length, 1);
  assert.equal(ports.filteredLinks, 5);
  assert.deepEqual(names(buildGraph(shop, view({ only: 'failing', foldExternal: false }))), ['192.0.2.1', 'smtp']);
  assert.deepEqual(names(buildGraph(shop, view({ only: 'external' }))), ['external', 'smtp']);
});

test('Health: failing before all, then traffic, then silence', () => {
  const graph = buildGraph(shop, view({ foldExternal: false }));
  const health = (name: string) => graph.nodes.find((node) => node.name === name)!.health;
  assert.equal(health('192.0.2.1'), 'failing');
  assert.equal(health('smtp'), 'failing');
  assert.equal(health('web'), 'ok');
  assert.equal(health('example.org'), 'silent');
  assert(graph.nodes.find((node) => node.name === '192.0.2.1')!.unresolved);
  const lately = buildGraph(shop, view(), undefined, new Set([portKey('StatefulSet/shop/db', 'Deployment/shop/web', 80)]));
  assert.equal(lately.nodes.find((node) => node.name === 'db')!.health, 'failing');
});

test('A comparison knows what is new, gone, grown, shrunk and the same', () => {
  const nodes: [string, string, string][] = ['client', 'new', 'gone', 'grown', 'shrunk', 'same'].map((name) => ['Pod', 'shop', name]);
  const before = answer(nodes, [[0, 2, 80], [0, 3, 80, { bytesToClientPerSecond: 100 }], [0, 4, 80, { bytesToClientPerSecond: 100 }],
    [0, 5, 80, { bytesToClientPerSecond: 100 }],
    [0, 1, 80, { bytesToServer: 0, bytesToClient: 0, opened: 0, open: 0 }]]);
  const after = answer(nodes, [[0, 1, 80], [0, 3, 80, { bytesToClientPerSecond: 111 }], [0, 4, 80, { bytesToClientPerSecond: 89 }],
    [0, 5, 80, { bytesToClientPerSecond: 109 }]]);
  const graph = buildGraph(after, view(), before);
  for (const link of graph.links) {
    assert.equal(link.change, link.server.name as typeof link.change);
    assert.equal(link.server.change, link.change);
  }

  assert.equal(graph.links.length, 5);
  assert(Number.isFinite(graph.links.find((link) => link.change === 'gone')!.firstSeen));
  assert.deepEqual(names(buildGraph(after, view({ only: 'new' }), before)), ['client', 'new']);
});

test('Links are new within the range, or within the last hour of an agent that has looked for a minute', () => {
  const node = { scope: 'node', from: 1000, to: 10_000 } as const;
  assert(isNew({ firstSeen: 9000 }, node));
  assert(!isNew({ firstSeen: 6000 }, node));
  assert(!isNew({ firstSeen: 1030 }, { ...node, to: 1500 }));
  assert(isNew({ firstSeen: 1001 }, { ...node, scope: 'cluster' }));
  assert(!isNew({ firstSeen: 1000 }, { ...node, scope: 'cluster' }));
});

test('Workloads that differ only by their owner are one', () => {
  const twice = answer([['Pod', 'shop', 'web'], ['Pod', 'shop', 'db'], ['Pod', 'shop', 'web']], [[0, 1, 80], [2, 1, 80]]);
  const graph = buildGraph(twice, view());
  assert.equal(graph.nodes.length, 2);
  assert.equal(graph.links[0]!.bytesToClient, 2000);
});

test('The order of an answer makes no difference, and the answer is left as it was', () => {
  const one = large(60, 150, 4);
  const text = JSON.stringify(one);
  const graph = buildGraph(one, view());
  assert.equal(JSON.stringify(one), text);
  const last = one.nodes.length - 1;
  const turned = {
    ...one, nodes: [...one.nodes].reverse(),
    links: one.links.map((link) => ({ ...link, client: last - link.client, server: last - link.server })).reverse(),
  };
  const other = buildGraph(turned, view());
  assert.deepEqual(other.nodes.map((node) => node.key), graph.nodes.map((node) => node.key));
  assert.deepEqual(other.links.map((link) => link.key), graph.links.map((link) => link.key));
});

test('Addresses are told from names', () => {
  for (const address of ['10.0.0.1', '2001:db8::1', 'fe80::1%eth0', '::ffff:10.0.0.1']) {
    assert(isAddress(address), address);
  }

  for (const name of ['web', 'example.org', '10.0.0', 'cafe', 'a:b', '1.2.3.4.example.org']) {
    assert(!isAddress(name), name);
  }
});
