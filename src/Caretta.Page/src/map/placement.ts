// Where nodes are. Asks the worker when somebody has no place yet; who has one keeps it while data change.

import type { LayoutReply, LayoutRequest } from '../layout/types';
import type { Graph } from '../model/graph';
import type { Point } from './hull';
import { groupOf, openNamespaces } from './scene';

// Ways of looking (filters, folds, layout) whose places are remembered, so that going back finds all where it was.
const maxContexts = 24;

// Nodes that are gone may come back, and then find their places: so many are remembered.
const maxGone = 1000;

/** With more newcomers than this share, all are placed anew, starting from where they are. */
const maxNewShare = 0.5;

export type Places = Map<string, Point>;

export class Placement {
  #worker: Worker;
  #contexts = new Map<string, Places>();
  // Of each layout, since a place in one means nothing in the other.
  #pins = { force: new Map<string, Point>(), layers: new Map<string, Point>() };
  #layout: 'force' | 'layers' = 'force';
  #context = '';
  #request = 0;
  #pending: { id: number; context: string; pins: Map<string, Point>; keys: string[] } | null = null;
  #changed: (reason: 'placed' | 'grown') => void;

  /**
   * @param changed Told when places were found: for all, or only for newcomers.
   * @param failed Told when none can be found.
   */
  constructor(changed: (reason: 'placed' | 'grown') => void, failed: () => void) {
    this.#changed = changed;
    this.#worker = new Worker('layout.js');
    this.#worker.addEventListener('message', (event: MessageEvent<LayoutReply>) => this.#take(event.data));
    this.#worker.addEventListener('error', failed);
    this.#worker.addEventListener('messageerror', failed);
  }

  /** Places in the present way of looking. */
  get places(): Places {
    return this.#contexts.get(this.#context) ?? new Map();
  }

  /** Whether places are being looked for. */
  get busy(): boolean {
    return this.#pending !== null;
  }

  /** Says what is shown now. Nodes without a place get one soon. */
  show(graph: Graph, layout: 'force' | 'layers', context: string, aspect: number): void {
    const before = this.places;
    const isNew = !this.#contexts.has(context);
    this.#context = context;
    this.#layout = layout;
    const places = this.#contexts.get(context) ?? new Map<string, Point>();
    this.#contexts.delete(context);
    this.#contexts.set(context, places);
    if (this.#contexts.size > maxContexts) {
      this.#contexts.delete(this.#contexts.keys().next().value!);
    }

    if (places.size > 2 * graph.nodes.length + maxGone) {
      const there = new Set(graph.nodes.map((node) => node.key));
      [...places.keys()].filter((key) => !there.has(key)).forEach((key) => places.delete(key));
    }

    const missing = graph.nodes.filter((node) => !places.has(node.key)).length;
    if (missing === 0 || this.#pending?.context === context && this.#pending.keys.length === graph.nodes.length
      && this.#pending.keys.every((key, index) => graph.nodes[index]!.key === key)) {
      return;
    }

    this.#ask(graph, layout, isNew ? before : places, !isNew && missing <= graph.nodes.length * maxNewShare, aspect);
  }

  /** Puts a node somewhere, for good. */
  pin(key: string, place: Point): void {
    this.#pins[this.#layout].set(key, place);
    this.places.set(key, place);
  }

  /** Forgets all places. */
  reset(): void {
    this.#pins.force.clear();
    this.#pins.layers.clear();
    this.#contexts.clear();
  }

  close(): void {
    this.#worker.terminate();
  }

  #ask(graph: Graph, layout: 'force' | 'layers', known: Places, keep: boolean, aspect: number): void {
    const namespaces = openNamespaces(graph.nodes);
    const indices = new Map(graph.nodes.map((node, index) => [node.key, index]));
    const positions = new Float64Array(2 * graph.nodes.length).fill(NaN);
    graph.nodes.forEach((node, index) => {
      const place = known.get(node.key);
      if (place) {
        positions[2 * index] = place.x;
        positions[2 * index + 1] = place.y;
      }
    });
    const request: LayoutRequest = {
      id: ++this.#request,
      layout,
      keep,
      aspect,
      known: positions,
      nodes: graph.nodes.map((node) => ({ key: node.key, group: groupOf(node, namespaces) })),
      links: graph.links.map((link) => [indices.get(link.client.key)!, indices.get(link.server.key)!] as const),
    };
    this.#pending = { id: request.id, context: this.#context, pins: this.#pins[layout], keys: graph.nodes.map((node) => node.key) };
    this.#worker.postMessage(request);
  }

  #take(reply: LayoutReply): void {
    const pending = this.#pending;
    if (!pending || reply.id !== pending.id) {
      return;
    }

    this.#pending = null;
    const places = this.#contexts.get(pending.context);
    if (!places) {
      return;
    }

    const wasEmpty = places.size === 0;
    let moved = false;
    pending.keys.forEach((key, index) => {
      const place = pending.pins.get(key) ?? { x: reply.positions[2 * index]!, y: reply.positions[2 * index + 1]! };
      const old = places.get(key);
      moved ||= old !== undefined && (old.x !== place.x || old.y !== place.y);
      places.set(key, place);
    });
    if (pending.context === this.#context) {
      this.#changed(wasEmpty || moved ? 'placed' : 'grown');
    }
  }
}
