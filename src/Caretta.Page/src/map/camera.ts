// Where the map is looked at from.

import type { Point } from './hull';
import type { View } from './paint';
import type { Scene } from './scene';

export const zoomExtent: [number, number] = [0.04, 4];

/** Windows so wide are looked at from afar: texts are larger there, and a small map may be too. */
export const farFrom = 2200;

const largestFit = 1.25;
const largestFitFromAfar = 2.5;
const fitPadding = 36;
const narrowFitPadding = 42;
const wideFitPadding = 70; // names stand out to the sides
const wideFrom = 700;

/** All of a scene in view; null when there is nothing to see. */
export function fitAll(scene: Scene, view: View): View | null {
  const { width, height } = view;
  const { left, top, right, bottom } = scene;
  if (width === 0 || height === 0 || !(right >= left)) {
    return null;
  }

  const aside = width < wideFrom ? narrowFitPadding : wideFitPadding;
  const k = Math.max(zoomExtent[0], Math.min(width < farFrom ? largestFit : largestFitFromAfar, (width - 2 * aside) / Math.max(1, right - left),
    (height - 2 * fitPadding) / Math.max(1, bottom - top)));
  return { ...view, k, x: width / 2 - (left + right) / 2 * k, y: height / 2 - (top + bottom) / 2 * k };
}

/** Whether all of a scene is in view. */
export function showsAll(scene: Scene, { k, x, y, width, height }: View): boolean {
  return scene.left * k + x >= 0 && scene.right * k + x <= width && scene.top * k + y >= 0 && scene.bottom * k + y <= height;
}

/** Nearer or further; the middle stays in the middle. */
export function zoomBy(view: View, factor: number): View {
  const { width, height, k, x, y } = view;
  const next = Math.min(zoomExtent[1], Math.max(zoomExtent[0], k * factor));
  return { ...view, k: next, x: width / 2 - (width / 2 - x) * next / k, y: height / 2 - (height / 2 - y) * next / k };
}

/** A point of the map in view, with as little movement as needed; the same view when it is already. */
export function reveal(view: View, point: Point): View {
  const { k, width, height } = view;
  const edge = Math.min(60, width / 4, height / 4);
  const x = point.x * k + view.x;
  const y = point.y * k + view.y;
  const dx = x < edge ? edge - x : x > width - edge ? width - edge - x : 0;
  const dy = y < edge ? edge - y : y > height - edge ? height - edge - y : 0;
  // What was brought to the edge is at it but for rounding.
  return Math.abs(dx) + Math.abs(dy) < 1e-6 ? view : { ...view, x: view.x + dx, y: view.y + dy };
}

/** Part of the way from one view to another, `t` from 0 to 1. */
export function between(from: View, to: View, t: number): View {
  return { ...to, k: from.k + (to.k - from.k) * t, x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t };
}
