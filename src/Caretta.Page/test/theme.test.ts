import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
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

// WCAG 2.2: relative luminance and contrast ratio.
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [light, dark] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

test('Light or dark, texts can be read and nodes be told from the ground', () => {
  const css = readFileSync('src/theme.css', 'utf8');
  const [light, dark] = [...css.matchAll(/:root \{([^}]*)\}/g)].map((block) =>
    new Map([...block[1]!.matchAll(/--([a-z0-9-]+): (#[0-9a-f]{6});/g)].map((line) => [line[1]!, line[2]!])));
  for (const [name, theme] of [['light', light!], ['dark', dark!]] as const) {
    for (const text of ['text', 'muted', 'accent', 'bad', 'good', 'warn']) {
      for (const ground of ['background', 'surface', 'raised']) {
        const ratio = contrast(theme.get(text)!, theme.get(ground)!);
        assert(ratio >= 4.5, `${name}: ${text} on ${ground} ${ratio.toFixed(2)}`);
      }
    }

    assert(contrast(theme.get('on-accent')!, theme.get('accent')!) >= 4.5);
    for (const node of ['external', ...Array.from({ length: 12 }, (_, index) => `ns-${index}`)]) {
      for (const ground of ['background', 'surface']) {
        const ratio = contrast(theme.get(node)!, theme.get(ground)!);
        assert(ratio >= 3, `${name}: ${node} on ${ground} ${ratio.toFixed(2)}`);
      }
    }
  }
});
