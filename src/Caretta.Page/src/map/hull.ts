// The outline around points.

export interface Point {
  x: number;
  y: number;
}

const corners = 24;

/** The convex hull (Andrew's monotone chain) of circles with this radius around the points. */
export function hull(points: readonly Point[], padding: number): Point[] {
  const around: Point[] = [];
  for (const { x, y } of points) {
    for (let corner = 0; corner < corners; corner++) {
      const angle = 2 * Math.PI * corner / corners;
      around.push({ x: x + padding * Math.cos(angle), y: y + padding * Math.sin(angle) });
    }
  }

  around.sort((one, other) => one.x - other.x || one.y - other.y);
  return [...half(around), ...half(around.reverse())];
}

/** Whether a point lies within an outline. */
export function contains(outline: readonly Point[], x: number, y: number): boolean {
  let inside = false;
  for (let index = 0, last = outline.length - 1; index < outline.length; last = index++) {
    const one = outline[index]!;
    const other = outline[last]!;
    if (one.y > y !== other.y > y && x < (other.x - one.x) * (y - one.y) / (other.y - one.y) + one.x) {
      inside = !inside;
    }
  }

  return inside;
}

function half(points: readonly Point[]): Point[] {
  const chain: Point[] = [];
  for (const point of points) {
    while (chain.length >= 2 && turn(chain[chain.length - 2]!, chain[chain.length - 1]!, point) <= 0) {
      chain.pop();
    }

    chain.push(point);
  }

  chain.pop();
  return chain;
}

function turn(origin: Point, one: Point, other: Point): number {
  return (one.x - origin.x) * (other.y - origin.y) - (one.y - origin.y) * (other.x - origin.x);
}
