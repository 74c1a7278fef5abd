import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaults, parse, serialise, type ViewState } from '../src/state';
import { random } from './answers';

const texts = ['', 'web', 'a&b=c', 'ä ö', '100%', '<script>', '\u202eevil', 'a+b', '#x', 'x'.repeat(253), "'\"\\", 'Deployment/shop/web'];

test('A state goes into a URL and comes back', () => {
  const next = random(7);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(next() * values.length)]!;
  const some = <T>(values: readonly T[]): T[] => values.filter(() => next() < 0.3);
  for (let round = 0; round < 2000; round++) {
    const range = pick([null, { last: 900 }, { from: 1_795_380_000, to: 1_795_390_000 }]);
    const state: ViewState = {
      scope: pick(['node', 'cluster']), range, compare: range && pick([null, { from: 1_795_000_000, to: 1_795_300_000 }]), search: pick(texts),
      namespaces: some(texts.slice(1)), kinds: some(['Pod', 'unit', 'x y']), ports: some([0, 80, 65_535]),
      only: pick(['all', 'external', 'failing', 'new']), system: pick([true, false]), foldExternal: pick([true, false]),
      folded: some(texts.slice(1)), label: pick(['none', 'bytes', 'connections', 'failures', 'ports']), layout: pick(['force', 'layers']),
      selected: pick([null, ...texts.slice(1)]), view: pick(['map', 'table', 'new']),
      sort: pick(['-rate', 'client']), change: pick([null, 'new', 'gone']),
    };
    assert.deepEqual(parse(serialise(state)), state);
  }

  assert.equal(serialise(defaults), '');
  assert.deepEqual(parse(''), defaults);
});

test('What cannot be understood in a URL is left out', () => {
  const hostile = [
    '?scope=all&only=x&label=&layout=circle&view=9', '?range=0&compare=5', '?range=5-1', '?range=99999999999', '?compare=1-2', '?port=-1&port=65536&port=1.5&port=abc',
    '?%', '?%ff%fe', '?=&&==&', `?q=${'x'.repeat(100_000)}`, `?${'fold=a&'.repeat(5000)}`, '?range[]=1',
  ];
  for (const query of hostile) {
    const state = parse(query);
    assert.equal(state.scope, 'node');
    assert.equal(state.range, null);
    assert.equal(state.compare, null);
    assert.deepEqual(state.ports, []);
    assert(state.search.length <= 253 && state.folded.length <= 100);
    assert.deepEqual(parse(serialise(state)), state);
  }
});
