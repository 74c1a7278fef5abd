// Stretches of time that the panels offer, and what they can be compared with.

import { duration, span } from '../format';
import type { Range } from '../state';

/** Seconds up to now. */
export const lengths: [number, string][] = [
  [300, 'Last 5 minutes'], [900, 'Last 15 minutes'], [3600, 'Last hour'], [21_600, 'Last 6 hours'], [86_400, 'Last 24 hours'], [604_800, 'Last 7 days'],
];

const day = 86_400;

/** Without a range the API's answers cover this much. */
const liveSeconds = 300;

/** From when to when, at this moment. */
export function fixed(range: Range | null, now = Math.floor(Date.now() / 1000)): { from: number; to: number } {
  if (range && 'from' in range) {
    return range;
  }

  return { from: now - (range ? range.last : liveSeconds), to: now };
}

/** The same length, right before. */
export function rangeBefore(range: { from: number; to: number }): { from: number; to: number } {
  return { from: range.from - (range.to - range.from), to: range.from };
}

/** The same time of day, a day earlier; of a range longer than a day, so many days that they do not overlap. */
export function dayBefore(range: { from: number; to: number }): { from: number; to: number } {
  const days = Math.max(1, Math.ceil((range.to - range.from) / day)) * day;
  return { from: range.from - days, to: range.to - days };
}

/** A range in words. */
export function describe(range: Range | null): string {
  if (!range) {
    return 'Live';
  }

  if ('from' in range) {
    return span(range.from, range.to);
  }

  return lengths.find(([seconds]) => seconds === range.last)?.[1] ?? `Last ${duration(range.last)}`;
}

/** A moment as the value of a datetime-local input: the reader's clock, to the minute. */
export function toInput(moment: number): string {
  const date = new Date((moment - new Date(moment * 1000).getTimezoneOffset() * 60) * 1000);
  return date.toISOString().slice(0, 16);
}

/** The opposite of {@link toInput}; null for what is no moment. */
export function fromInput(value: string): number | null {
  const milliseconds = Date.parse(value);
  return Number.isFinite(milliseconds) ? Math.floor(milliseconds / 1000) : null;
}
