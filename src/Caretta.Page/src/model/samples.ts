// Rates of the last quarter of an hour, as they came by: for small charts in live mode, where no store needs to be asked.

import type { ApiLinks } from '../api';
import { nodeKey, portKey } from './keys';

/** Rates at moments (seconds since 1970), the oldest first; members as in the API's history. */
export interface LiveHistory {
  times: number[];
  bytesToServerPerSecond: number[];
  bytesToClientPerSecond: number[];
  openedPerSecond: number[];
  failedPerSecond: number[];
}

const keepSeconds = 15 * 60;

// Points with traffic, over all links: some 60 bytes each. With more, the oldest samples go early.
const maxPoints = 500_000;

interface Sample {
  time: number;
  /** Toward server, toward client, opened, failed; links on which nothing moved are left out. */
  rates: Map<string, readonly [number, number, number, number]>;
}

/** Keeps what answers say. */
export class Samples {
  #samples: Sample[] = [];
  #points = 0;

  /** Takes an answer in. One that is no newer than the last is left out. */
  add(answer: ApiLinks): void {
    const last = this.#samples.at(-1);
    if (answer.rateSeconds <= 0 || last && answer.time <= last.time) {
      return;
    }

    const keys = answer.nodes.map(nodeKey);
    const rates: Sample['rates'] = new Map();
    for (const link of answer.links) {
      const values = [link.bytesToServerPerSecond, link.bytesToClientPerSecond, link.openedPerSecond, link.failedPerSecond] as const;
      if (values.some((value) => value > 0)) {
        const key = portKey(keys[link.client]!, keys[link.server]!, link.port);
        const there = rates.get(key);
        rates.set(key, there ? [there[0] + values[0], there[1] + values[1], there[2] + values[2], there[3] + values[3]] : values);
      }
    }

    this.#samples.push({ time: answer.time, rates });
    this.#points += rates.size;
    while (this.#samples.length > 1 && (this.#points > maxPoints || this.#samples[0]!.time < answer.time - keepSeconds)) {
      this.#points -= this.#samples.shift()!.rates.size;
    }
  }

  /** Keys of ports on which an attempt failed in the last so many seconds. */
  failedIn(seconds: number): Set<string> {
    const failed = new Set<string>();
    const last = this.#samples.at(-1)?.time ?? 0;
    for (let index = this.#samples.length - 1; index >= 0 && this.#samples[index]!.time > last - seconds; index--) {
      this.#samples[index]!.rates.forEach((values, key) => {
        if (values[3] > 0) {
          failed.add(key);
        }
      });
    }

    return failed;
  }

  /** Forgets all: what comes next is of something else. */
  clear(): void {
    this.#samples = [];
    this.#points = 0;
  }

  /** The sum of the ports given by {@link portKey}. */
  of(keys: Iterable<string>): LiveHistory {
    const wanted = [...new Set(keys)];
    const history: LiveHistory = {
      times: [], bytesToServerPerSecond: [], bytesToClientPerSecond: [], openedPerSecond: [], failedPerSecond: [],
    };
    for (const { time, rates } of this.#samples) {
      const sum = [0, 0, 0, 0];
      for (const key of wanted) {
        rates.get(key)?.forEach((value, index) => {
          sum[index]! += value;
        });
      }

      history.times.push(time);
      history.bytesToServerPerSecond.push(sum[0]!);
      history.bytesToClientPerSecond.push(sum[1]!);
      history.openedPerSecond.push(sum[2]!);
      history.failedPerSecond.push(sum[3]!);
    }

    return history;
  }
}
