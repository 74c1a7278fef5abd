import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findPlaces } from '../src/layout/layout';
import type { LayoutReply, LayoutRequest } from '../src/layout/types';
import { Placement } from '../src/map/placement';
import { buildGraph } from '../src/model/build';
import type { Graph } from '../src/model/graph';
import { defaults, type ViewState } from '../src/state';
import type { ApiLinks } from '../src/api';
import { large } from './answers';

const requests: LayoutRequest[] = [];
let deliver: (() => void)[] = [];

// The worker's work, done when the test says so.
class InlineWorker {
  #listeners: ((event: { data: LayoutReply }) => void)[] = [];

  addEventListener(name: string, listener: (event: { data: LayoutReply }) => void): void {
    if (name === 'message') {
      this.#listeners.push(listener);
    }
  }

  postMessage(request: LayoutRequest): void {
    requests.push(request);
    deliver.push(() => this.#listeners.forEach((listener) => listener({ data: { id: request.id, positions: findPlaces(request) } })));
  }
}

Object.assign(globalThis, { Worker: InlineWorker });

function reply(): void {
  const all = deliver;
  deliver = [];
  all.forEach((one) => one());
}

function placement() {
  requests.length = 0;
  deliver = [];
  const heard: string[] = [];
  const own = new Placement((reason) => heard.push(reason), () => heard.push('failed'));
  return { own, heard };
}

const all = large(100, 300, 4);
const graphOf = (answer: ApiLinks, change: Partial<ViewState> = {}): Graph => buildGraph(answer, { ...defaults, ...change });
const without = (answer: ApiLinks, ...gone: number[]): ApiLinks => ({
  ...answer, links: answer.links.filter((link) => !gone.includes(link.client) && !gone.includes(link.server)),
});
const copy = (places: Map<string, { x: number; y: number }>) => new Map([...places].map(([key, { x, y }]) => [key, { x, y }]));

test('Nodes are placed once, and stay while numbers change', () => {
  const { own, heard } = placement();
  own.show(graphOf(all), 'force', 'a', 1.6);
  assert(own.busy);
  own.show(graphOf({ ...all, time: all.time + 5 }), 'force', 'a', 1.6);
  assert.equal(requests.length, 1, 'what is asked for is not asked for again');
  reply();
  assert(!own.busy);
  assert.deepEqual(heard, ['placed']);
  const before = copy(own.places);
  const busier = { ...all, links: all.links.map((link) => ({ ...link, bytesToClientPerSecond: 1e6 })) };
  own.show(graphOf(busier), 'force', 'a', 1.6);
  assert.equal(requests.length, 1);
  assert.deepEqual(own.places, before);
});

test('A newcomer moves nobody, who is back finds the old place, and links move nothing', () => {
  const { own, heard } = placement();
  own.show(graphOf(without(all, 5, 6, 7)), 'force', 'a', 1.6);
  reply();
  const before = copy(own.places);
  own.show(graphOf(all), 'force', 'a', 1.6);
  assert.equal(requests.length, 2);
  assert(requests[1]!.keep);
  reply();
  assert.deepEqual(heard, ['placed', 'grown']);
  before.forEach((place, key) => assert.deepEqual(own.places.get(key), place));
  const grown = copy(own.places);
  assert(grown.size > before.size);
  own.show(graphOf(without(all, 5)), 'force', 'a', 1.6);
  own.show(graphOf({ ...all, links: [...all.links, { ...all.links[0]!, client: 3, server: 4, port: 1 }] }), 'force', 'a', 1.6);
  assert.equal(requests.length, 2);
  assert.deepEqual(own.places, grown);
});

test('Another way of looking has places of its own, and going back finds the first as it was', () => {
  const { own } = placement();
  own.show(graphOf(all), 'force', 'all', 1.6);
  reply();
  const first = copy(own.places);
  own.show(graphOf(all, { folded: ['team-0'] }), 'force', 'folded', 1.6);
  assert(!requests[1]!.keep);
  assert(requests[1]!.known.some((value) => !Number.isNaN(value)), 'it starts from where things are');
  reply();
  own.show(graphOf(all), 'force', 'all', 1.6);
  assert.equal(requests.length, 2);
  assert.deepEqual(own.places, first);
});

test('When most are new, all are placed anew', () => {
  const { own } = placement();
  own.show(graphOf({ ...all, links: all.links.slice(0, 5) }), 'force', 'a', 1.6);
  reply();
  own.show(graphOf(all), 'force', 'a', 1.6);
  assert(!requests[1]!.keep);
});

test('A node that was dragged stays there, until all is arranged anew', () => {
  const { own } = placement();
  const graph = graphOf(all);
  const key = graph.nodes[3]!.key;
  own.show(graph, 'force', 'a', 1.6);
  reply();
  own.pin(key, { x: 12, y: 34 });
  own.show(graph, 'force', 'b', 1.6);
  reply();
  assert.deepEqual(own.places.get(key), { x: 12, y: 34 });
  own.show(graph, 'layers', 'c', 1.6);
  reply();
  assert.notEqual(own.places.get(key)!.x, 12, 'places of one layout mean nothing in the other');
  own.reset();
  own.show(graph, 'force', 'a', 1.6);
  reply();
  assert.notEqual(own.places.get(key)!.x, 12);
});

test('An answer to an old question is not taken', () => {
  const { own, heard } = placement();
  own.show(graphOf(all), 'force', 'a', 1.6);
  own.show(graphOf(all), 'layers', 'b', 1.6);
  reply();
  assert.deepEqual(heard, ['placed']);
  assert.equal(own.places.size, graphOf(all).nodes.length);
  own.show(graphOf(all), 'force', 'a', 1.6);
  assert.equal(requests.length, 3, 'what was not taken is asked for again');
});

test('What is remembered of those who are gone is bounded', () => {
  const { own } = placement();
  const one = large(4, 4, 1);
  for (let round = 0; round < 2000; round++) {
    const other = { ...one, nodes: one.nodes.map((node, index) => index === 0 ? { ...node, name: `job-${round}` } : node) };
    own.show(graphOf(other), 'force', 'a', 1.6);
    reply();
  }

  assert(own.places.size < 1100);
});
