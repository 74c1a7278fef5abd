import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namespaceColour } from '../src/map/theme';

test('A namespace keeps its colour, and the first twelve differ', () => {
  const names = Array.from({ length: 12 }, (_, index) => `namespace-${index}`);
  const colours = names.map(namespaceColour);
  assert.equal(new Set(colours).size, 12);
  namespaceColour('one more');
  assert.deepEqual(names.map(namespaceColour), colours);
  assert.equal(namespaceColour('external'), 'external');
});
