import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, byteRate, bytes, count, counted, duration, growth, rate, span, time } from '../src/format';

const each = <T>(write: (value: T) => string, values: [T, string][]) => values.forEach(([value, text]) => assert.equal(write(value), text));

test('Sizes have three digits and the unit that fits', () => {
  each(bytes, [
    [0, '0 B'], [1, '1 B'], [999, '999 B'], [999.4, '999 B'], [999.5, '1 kB'], [1234, '1.23 kB'], [45_600_000, '45.6 MB'], [1e15, '1 PB'],
    [1e21, '1000000 PB'], [0.5, '0.5 B'], [0.001, '< 0.01 B'], [NaN, '–'], [Infinity, '–'],
  ]);
  assert.equal(byteRate(1500), '1.5 kB/s');
});

test('Rates of events and counts', () => {
  each(rate, [[0, '0/s'], [0.2, '0.2/s'], [1234, '1.23k/s'], [0.004, '< 0.01/s']]);
  each(count, [[0, '0'], [12_345, '12,345'], [1.4, '1']]);
  assert.equal(counted(1, 'link'), '1 link');
  assert.equal(counted(2000, 'link'), '2,000 links');
  assert.equal(counted(2, 'entry', 'entries'), '2 entries');
});

test('Durations have two units at most, and never the one that is full', () => {
  each(duration, [
    [0, '0 s'], [-1, '0 s'], [NaN, '0 s'], [0.0004, '< 1 ms'], [0.3, '300 ms'], [0.9996, '1 s'], [1.25, '1.3 s'], [9.94, '9.9 s'], [9.96, '10 s'],
    [59.4, '59 s'], [59.6, '1 min'], [3569, '59 min'], [3599, '1 h'], [7800, '2 h 10 min'], [47 * 3600, '47 h'], [48 * 3600, '2 d'],
    [76 * 3600, '3 d 4 h'],
  ]);
});

test('What was lately is just now', () => {
  assert.equal(ago(991, 1000), 'just now');
  assert.equal(ago(1005, 1000), 'just now', 'a clock that is a little ahead');
  assert.equal(ago(988, 1000), '12 s ago');
});

test('Moments of today have seconds and no date; others have a date; those of other years have the year', () => {
  const noon = new Date(2026, 5, 15, 12, 0, 0).getTime() / 1000;
  const text = (moment: number) => time(moment, noon);
  assert(/\d\d\D\d\d\D\d\d/.test(text(noon - 3600)) && !text(noon - 3600).includes('15'), text(noon - 3600));
  assert(text(noon - 86_400).includes('14') && !text(noon - 86_400).includes('2026'), text(noon - 86_400));
  assert(text(noon - 400 * 86_400).includes('2025'), text(noon - 400 * 86_400));
});

test('A stretch of time names a day once', () => {
  const noon = new Date(2026, 5, 15, 12, 0, 0).getTime() / 1000;
  const today = span(noon - 7200, noon - 3600, noon);
  assert(!today.includes('15') && today.includes('10') && today.includes('11'), today);
  const yesterday = span(noon - 86_400, noon - 86_400 + 3600, noon);
  assert.equal(yesterday.split('14').length, 2, yesterday);
  const short = span(noon - 30, noon - 10, noon);
  assert(short.includes('59:30') && short.includes('59:50'), short);
  const both = span(noon - 86_400, noon, noon);
  assert(both.includes('14') && both.includes('15'), both);
});

test('Growth is in per cent, and a factor when it is large', () => {
  assert.equal(growth(125, 100), '+25 %');
  assert.equal(growth(50, 100), '−50 %');
  assert.equal(growth(100, 100), '±0 %');
  assert.equal(growth(1000, 100), '×10');
  assert.equal(growth(1234, 100), '×12');
  assert.equal(growth(1, 0), 'new');
  assert.equal(growth(0, 0), '±0 %');
  assert.equal(growth(0, 100), '−100 %');
});
