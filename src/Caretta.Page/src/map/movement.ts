// What is on its way from one place to another: workloads, and where the map is looked at from.

import { between } from './camera';
import type { Point } from './hull';
import type { View } from './paint';

const moveMs = 320;

type Places = ReadonlyMap<string, Point>;

interface Way<T> {
  from: T;
  to: T;
  /** The time of its first frame. */
  start?: number;
}

/** Whether the reader wants nothing to move by itself. */
export function isStill(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

export class Movement {
  #places: Way<Places> | null = null;
  #view: Way<View> | null = null;

  get isUnderWay(): boolean {
    return this.#places !== null || this.#view !== null;
  }

  movePlaces(from: Places, to: Places): void {
    this.#places = { from, to };
  }

  stopPlaces(): void {
    this.#places = null;
  }

  moveView(from: View, to: View): void {
    this.#view = { from, to };
  }

  stopView(): void {
    this.#view = null;
  }

  /** Where workloads are at the time of a frame, at the end where they have arrived; null when none moves. */
  placesAt(time: number, arrived: Map<string, Point>): Map<string, Point> | null {
    const move = this.#places;
    if (!move) {
      return null;
    }

    const t = progress(move, time);
    if (t >= 1) {
      this.#places = null;
      return arrived;
    }

    return new Map([...move.to].map(([key, to]) => {
      const from = move.from.get(key) ?? to;
      return [key, { x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t }];
    }));
  }

  /** From where the map is looked at at the time of a frame; null when that does not move. */
  viewAt(time: number): View | null {
    const move = this.#view;
    if (!move) {
      return null;
    }

    const t = progress(move, time);
    if (t >= 1) {
      this.#view = null;
    }

    return between(move.from, move.to, t);
  }
}

function progress(way: Way<unknown>, time: number): number {
  way.start ??= time;
  return 1 - (1 - Math.min(1, (time - way.start) / moveMs)) ** 3;
}
