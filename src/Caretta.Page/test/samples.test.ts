import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portKey } from '../src/model/keys';
import { Samples } from '../src/model/samples';
import { answer } from './answers';

const web = portKey('Pod/s/a', 'Pod/s/b', 80);
const db = portKey('Pod/s/b', 'Pod/s/c', 5432);

function at(time: number, first: number, second: number) {
  return {
    ...answer([['Pod', 's', 'a'], ['Pod', 's', 'b'], ['Pod', 's', 'c']],
      [[0, 1, 80, { bytesToServerPerSecond: first }], [1, 2, 5432, { bytesToServerPerSecond: second, openedPerSecond: 1 }]]),
    time,
  };
}

test('Rates of links are kept and added up', () => {
  const samples = new Samples();
  samples.add(at(10, 5, 7));
  samples.add(at(15, 0, 8));
  assert.deepEqual(samples.of([web]).bytesToServerPerSecond, [5, 0]);
  assert.deepEqual(samples.of([web, db, web]).bytesToServerPerSecond, [12, 8]);
  assert.deepEqual(samples.of([db]).openedPerSecond, [1, 1]);
  assert.deepEqual(samples.of([web]).times, [10, 15]);
});

test('A quarter of an hour is kept, no answer twice, and none without rates', () => {
  const samples = new Samples();
  for (let time = 0; time <= 3600; time += 5) {
    samples.add(at(time, 1, 1));
    samples.add(at(time, 9, 9));
  }

  const { times, bytesToServerPerSecond } = samples.of([web]);
  assert.equal(times.at(-1)! - times[0]!, 900);
  assert(bytesToServerPerSecond.every((rate) => rate === 1));
  samples.add({ ...at(4000, 1, 1), rateSeconds: 0 });
  assert.equal(samples.of([web]).times.at(-1), 3600);
  samples.clear();
  assert.deepEqual(samples.of([web]).times, []);
});

test('Failures of the last minute are known', () => {
  const samples = new Samples();
  const failing = at(10, 1, 1);
  failing.links[1] = { ...failing.links[1]!, failedPerSecond: 0.2 };
  samples.add(failing);
  samples.add(at(50, 1, 1));
  assert.deepEqual([...samples.failedIn(60)], [db]);
  samples.add(at(75, 1, 1));
  assert.deepEqual([...samples.failedIn(60)], []);
});

test('Memory is bounded also with very many links', () => {
  const samples = new Samples();
  const nodes = Array.from({ length: 142 }, (_, index): [string, string, string] => ['Pod', 's', `pod-${index}`]);
  const links = Array.from({ length: 20_000 }, (_, index): [number, number, number, { openedPerSecond: number }] =>
    [Math.floor(index / 142), index % 142, 80, { openedPerSecond: 1 }]);
  const much = answer(nodes, links);
  for (let time = 0; time < 60; time++) {
    samples.add({ ...much, time });
  }

  assert.equal(samples.of([web]).times.length, 25);
});
