// What is at a point, and what is next to something.

import { contains } from './hull';
import { pointAt, type Scene, type SceneLink, type SceneNode, type SceneRegion } from './scene';

const curvePieces = 10;

/** The node at a point of the world, or near it by so much. */
export function nodeAt(scene: Scene, x: number, y: number, slack: number): SceneNode | null {
  let best: SceneNode | null = null;
  let least = Infinity;
  for (const node of scene.nodes) {
    const distance = Math.hypot(node.x - x, node.y - y) - node.radius;
    if (distance <= slack && distance < least) {
      best = node;
      least = distance;
    }
  }

  return best;
}

/** The link nearest to a point, at most so far away. */
export function linkAt(scene: Scene, x: number, y: number, slack: number): SceneLink | null {
  let best: SceneLink | null = null;
  let least = slack;
  for (const link of scene.links) {
    if (x < Math.min(link.x1, link.x2, link.cx1, link.cx2) - slack || x > Math.max(link.x1, link.x2, link.cx1, link.cx2) + slack
      || y < Math.min(link.y1, link.y2, link.cy1, link.cy2) - slack || y > Math.max(link.y1, link.y2, link.cy1, link.cy2) + slack) {
      continue;
    }

    let from = pointAt(link, 0);
    for (let piece = 1; piece <= curvePieces; piece++) {
      const to = pointAt(link, piece / curvePieces);
      const distance = toSegment(x, y, from.x, from.y, to.x, to.y);
      if (distance < least) {
        best = link;
        least = distance;
      }

      from = to;
    }
  }

  return best;
}

/** The smallest region around a point. */
export function regionAt(scene: Scene, x: number, y: number): SceneRegion | null {
  let best: SceneRegion | null = null;
  for (const region of scene.regions) {
    if ((!best || region.members < best.members) && contains(region.outline, x, y)) {
      best = region;
    }
  }

  return best;
}

/** The nearest node in a direction: what is straight ahead is nearer than what is aside. Without a start, the one in the middle. */
export function nextNode(scene: Scene, from: SceneNode | null, dx: number, dy: number): SceneNode | null {
  if (!from) {
    return nodeAt(scene, (scene.left + scene.right) / 2, (scene.top + scene.bottom) / 2, Infinity);
  }

  let best: SceneNode | null = null;
  let least = Infinity;
  for (const node of scene.nodes) {
    const ahead = (node.x - from.x) * dx + (node.y - from.y) * dy;
    const aside = Math.abs((node.x - from.x) * dy - (node.y - from.y) * dx);
    const distance = ahead + 2 * aside;
    if (node !== from && ahead > 1e-6 && aside <= 2 * ahead && distance < least) {
      best = node;
      least = distance;
    }
  }

  return best;
}

function toSegment(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const length = dx * dx + dy * dy;
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / length));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}
