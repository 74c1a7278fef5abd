import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph } from '../src/model/build';
import { beforeOf, sortLinks } from '../src/panels/sorting';
import { defaults } from '../src/state';
import { answer } from './answers';

const nodes: [string, string, string][] = [['Deployment', 'shop', 'a'], ['Deployment', 'shop', 'b'], ['Deployment', 'shop', 'C'], ['Deployment', 'shop', 'd']];
const now = answer(nodes, [
  [0, 1, 90, { bytesToServerPerSecond: 5, failed: 1, open: 3, lastSeen: 5000 }], [1, 2, 80, { bytesToServerPerSecond: 50, opened: 9 }],
  [2, 3, 70, { bytesToServerPerSecond: 5, bytesToServer: 900 }], [0, 3, 60, { bytesToServerPerSecond: 1, open: 2 }],
]);
const before = answer(nodes, [
  [1, 2, 80, { bytesToServerPerSecond: 5, bytesToClientPerSecond: 2 }], [2, 3, 70, { bytesToServerPerSecond: 5 }], [0, 3, 60, { bytesToServerPerSecond: 3 }],
  [3, 0, 50, { bytesToServerPerSecond: 3 }],
]);
const links = buildGraph(now, defaults).links;
const sorted = (sort: string, of = links) => sortLinks(of, sort).map((link) => link.client.name + link.server.name).join(' ');

test('Each column sorts both ways', () => {
  assert.equal(sorted('-rate'), 'bC Cd ab ad');
  assert.equal(sorted('rate'), 'ad Cd ab bC');
  assert.equal(sorted('ports'), 'ad Cd bC ab');
  assert.equal(sorted('-failed').slice(0, 2), 'ab');
  assert.equal(sorted('-open').slice(0, 5), 'ab ad');
  assert.equal(sorted('-opened').slice(0, 2), 'bC');
  assert.equal(sorted('-total').slice(0, 2), 'Cd');
  assert.equal(sorted('seen').slice(0, 2), 'ab');
});

test('Names sort by code points, the other end decides between equals', () => {
  assert.equal(sorted('client'), 'Cd ab ad bC');
  assert.equal(sorted('-client'), 'bC ad ab Cd');
  assert.equal(sorted('server'), 'bC ab Cd ad');
});

test('Ties are broken the same way whatever the order was, and what was given is left alone', () => {
  const names = links.map((link) => link.key);
  assert.equal(sorted('-open', [...links].reverse()), sorted('-open'));
  assert.deepEqual(links.map((link) => link.key), names);
});

test('What is no column sorts by traffic', () => {
  assert.equal(sorted('-nonsense'), sorted('-rate'));
  assert.equal(sorted(''), sorted('rate'));
});

test('Changes sort new, gone, grown, shrunk, the same', () => {
  const compared = buildGraph(now, defaults, before).links;
  assert.equal(sorted('-change', compared), 'ab da bC ad Cd');
  assert.equal(beforeOf(compared.find((link) => link.client.name === 'b')!), 7);
  assert.equal(beforeOf(compared.find((link) => link.client.name === 'a' && link.server.name === 'b')!), 0);
});
