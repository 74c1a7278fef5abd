import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asError, asHistory, asLinks } from '../src/model/check';
import { answer } from './answers';

const good = { ...answer([['Pod', 'shop', 'web'], ['Pod', 'shop', 'db']], [[0, 1, 80]]), agents: [{ node: 'node-1', up: true, polls: 3 }] };

test('A good answer is taken', () => {
  assert.deepEqual(asLinks(JSON.parse(JSON.stringify(good))), good);
  assert(asLinks({ ...good, more: 1 }), 'members may be added');
});

test('Any member that is missing or of another type is refused', () => {
  const wrong: unknown[] = [null, 'text', {}, [], -1, NaN, undefined];
  for (const name of ['version', 'scope', 'time', 'from', 'to', 'rateSeconds', 'omittedLinks', 'agents', 'nodes', 'links'] as const) {
    for (const value of wrong.filter((item) => JSON.stringify(item) !== '[]' || !Array.isArray(good[name]))) {
      assert.equal(asLinks({ ...good, [name]: value }), null, `${name}: ${String(value)}`);
    }
  }

  const link = good.links[0]!;
  for (const name of Object.keys(link).filter((member) => member !== 'seenBy')) {
    for (const value of wrong) {
      assert.equal(asLinks({ ...good, links: [{ ...link, [name]: value }] }), null, `link.${name}: ${String(value)}`);
    }
  }

  for (const name of ['name', 'namespace', 'kind']) {
    assert.equal(asLinks({ ...good, nodes: [good.nodes[0], { ...good.nodes[1], [name]: 5 }] }), null);
  }
});

test('Ends that are not there, ports that cannot be, and too much of anything are refused', () => {
  const link = good.links[0]!;
  assert.equal(asLinks({ ...good, links: [{ ...link, server: 2 }] }), null);
  assert.equal(asLinks({ ...good, links: [{ ...link, client: 0.5 }] }), null);
  assert.equal(asLinks({ ...good, links: [{ ...link, port: 65_536 }] }), null);
  assert.equal(asLinks({ ...good, links: Array.from({ length: 20_001 }, () => link) }), null);
  assert.equal(asLinks({ ...good, nodes: [{ ...good.nodes[0]!, name: 'x'.repeat(2000) }, good.nodes[1]] }), null);
  for (const value of [null, undefined, 5, 'text', [], [good]]) {
    assert.equal(asLinks(value), null);
  }
});

test('Histories and refusals are checked too', () => {
  const points = [0, null, 1.5];
  const history = {
    version: 1, from: 0, to: 120, step: 60, bytesToServerPerSecond: points, bytesToClientPerSecond: points, openedPerSecond: points,
    failedPerSecond: points,
  };
  assert(asHistory(history));
  assert.equal(asHistory({ ...history, openedPerSecond: [1, 'a'] }), null);
  assert.equal(asHistory({ ...history, openedPerSecond: undefined }), null);
  assert.deepEqual(asError({ error: { status: 404, reason: 'no-store', message: 'none' } }), { status: 404, reason: 'no-store', message: 'none' });
  assert.equal(asError({ error: 'none' }), null);
  assert.equal(asError(good), null);
});
