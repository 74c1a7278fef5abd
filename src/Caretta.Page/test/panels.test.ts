import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildGraph } from '../src/model/build';
import { filtersSet } from '../src/panels/filters';
import { promql } from '../src/panels/promql';
import { dayBefore, describe, fixed, fromInput, rangeBefore, toInput } from '../src/panels/ranges';
import { judge, losses } from '../src/panels/verdict';
import { defaults } from '../src/state';
import { answer } from './answers';

test('A range that ends now is fixed at this moment, without one it is what the API covers', () => {
  assert.deepEqual(fixed({ last: 900 }, 10_000), { from: 9100, to: 10_000 });
  assert.deepEqual(fixed(null, 10_000), { from: 9700, to: 10_000 });
  assert.deepEqual(fixed({ from: 5, to: 7 }, 10_000), { from: 5, to: 7 });
});

test('What a range is compared with does not overlap it', () => {
  assert.deepEqual(rangeBefore({ from: 100, to: 160 }), { from: 40, to: 100 });
  assert.deepEqual(dayBefore({ from: 86_400, to: 90_000 }), { from: 0, to: 3600 });
  const long = { from: 1_000_000, to: 1_000_000 + 86_401 };
  assert.deepEqual(dayBefore(long), { from: long.from - 2 * 86_400, to: long.to - 2 * 86_400 });
});

test('Ranges are told in words', () => {
  assert.equal(describe(null), 'Live');
  assert.equal(describe({ last: 3600 }), 'Last hour');
  assert.equal(describe({ last: 777 }), 'Last 13 min');
});

test('A moment goes through an input and comes back, to the minute', () => {
  const moment = Date.UTC(2026, 2, 4, 5, 6, 42) / 1000;
  assert.equal(fromInput(toInput(moment)), moment - 42);
  assert.equal(fromInput(''), null);
  assert.equal(fromInput('nonsense'), null);
});

test('Queries name what is selected, and names cannot break out of them', () => {
  const graph = buildGraph(answer([['Deployment', 'shop', 'we"b\\\n'], ['Deployment', 'shop', 'db']], [[0, 1, 80]]), defaults);
  const query = promql(graph.links[0]!);
  assert.equal(query, 'sum by (server_port, role) (rate(caretta_links_observed{client_name="we\\"b\\\\\\n", client_namespace="shop",'
    + ' server_name="db", server_namespace="shop"}[5m]))');
  const node = promql(graph.nodes.find((one) => one.name === 'db')!);
  assert(node.includes('{client_name="db"') && node.includes('\nor\n') && node.includes('{server_name="db"'), node);
});

test('Queries of boxes name all that is in them', () => {
  const some = answer([['Deployment', 'shop', 'web'], ['external', 'external', '192.0.2.1']], [[0, 1, 443]]);
  const [link] = buildGraph(some, { ...defaults, folded: ['shop'] }).links;
  assert(promql(link!).includes('{client_namespace="shop", server_namespace="external"}'), promql(link!));
});

test('Filters are counted, the search is none', () => {
  assert.equal(filtersSet(defaults), 0);
  assert.equal(filtersSet({ ...defaults, namespaces: ['a', 'b'], kinds: ['unit'], ports: [80], only: 'failing', search: 'x' }), 5);
});

test('An agent that lost nothing and runs the best it can is good', () => {
  const good = { node: 'node-1', up: true, tier: 'main', lostUpdates: 0, failedPolls: 0, links: 10, linkBudget: 100, pollSeconds: 0.1, pollInterval: 5 };
  assert.deepEqual(judge(good), { level: 'good', reasons: [] });
  assert.deepEqual(judge({}), { level: 'good', reasons: [] }, 'what is not known is no fault');
  assert.equal(judge({ ...good, links: 90 }).level, 'note');
  assert.deepEqual(judge({ ...good, tier: 'fallback', tierReason: 'no BTF' }).reasons, ['tier fallback: no BTF']);
  assert.deepEqual(judge({ ...good, pollSeconds: 3 }).reasons, ['polls take long']);
});

test('Losses are bad, and told before notes', () => {
  const bad = judge({ node: 'node-1', up: false, lostUpdates: 1, lostConnections: 2, lostBytes: 3000, missedEvents: 4, failedPolls: 1, tier: 'poll' });
  assert.equal(bad.level, 'bad');
  assert.deepEqual(bad.reasons, [
    'node-1 is down', '1 update lost', '2 connections not counted', '3 kB not counted', '4 events missed', '1 poll failed', 'tier poll',
  ]);
  assert.equal(losses({ lostUpdates: 1, lostConnections: 2, missedEvents: 4 }), 7);
});
