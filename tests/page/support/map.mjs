// What is on the map's canvas, which a test cannot see into.

import { until } from './machine.mjs';

/** Waits until there is something on the map, and all of it has its place. */
export function settled(page, seconds) {
  return until('the map stands still', () => page.evaluate(() => {
    const map = document.querySelector('[role=application]');
    return map?.getAttribute('data-settled') === 'true' && /Map of [1-9]/.test(map.getAttribute('aria-label') ?? '');
  }), seconds);
}

/** Places in the map by key. */
export function positions(page) {
  return page.evaluate(() => globalThis.carettaMap.positions());
}

/** Places in the window by key, each with its key and radius. */
export async function spots(page) {
  return new Map((await page.evaluate(() => globalThis.carettaMap.spots())).map((spot) => [spot.key, spot]));
}

/** The node nearest to the middle of the map, none of the boxes: no panel covers it. */
export async function middle(page) {
  const box = await page.getByRole('application').boundingBox();
  const far = (spot) => Math.hypot(spot.x - box.x - box.width * 0.4, spot.y - box.y - box.height / 2);
  return [...(await spots(page)).values()].filter((spot) => !spot.key.startsWith('*')).sort((one, other) => far(one) - far(other))[0];
}

/** A place where nothing is: left above all. */
export async function emptyPlace(page) {
  const box = await page.getByRole('application').boundingBox();
  return [box.x + 8, box.y + 8];
}

/** A place within a namespace, between two of its workloads, with nothing under it or so near to it. */
export async function gapIn(page, namespace, margin = 0) {
  const all = [...(await spots(page)).values()];
  const members = all.filter((spot) => spot.key.split('/')[1] === namespace);
  const box = await page.getByRole('application').boundingBox();
  const between = members.flatMap((one) => members.map((other) => ({ x: (one.x + other.x) / 2, y: (one.y + other.y) / 2 })))
    .filter(({ x, y }) => all.every((spot) => Math.hypot(spot.x - x, spot.y - y) > spot.radius + 8 + margin)
      && x > box.x + 20 && x < box.x + box.width - 60 && y > box.y + 20 && y < box.y + box.height - 60);
  const isFree = async ({ x, y }) => {
    for (const [dx, dy] of margin > 0 ? [[0, 0], [margin, 0], [-margin, 0], [0, margin], [0, -margin]] : [[0, 0]]) {
      await page.mouse.move(x + dx, y + dy);
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      if (await page.locator('.map-tip').count() > 0) {
        return false;
      }
    }

    return true;
  };
  for (const gap of between) {
    if (await isFree(gap)) {
      return gap;
    }
  }

  throw new Error(`${namespace} has no gap: ${between.length} places were tried`);
}

/** Fingers on the screen: each call has where all of them are now; none lifts them. */
export async function fingers(page) {
  const session = await page.context().newCDPSession(page);
  let count = 0;
  return async (...points) => {
    const type = points.length === 0 ? 'touchEnd' : points.length > count ? 'touchStart' : 'touchMove';
    count = points.length;
    await session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  };
}
