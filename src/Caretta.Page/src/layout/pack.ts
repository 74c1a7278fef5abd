// Parts that nothing connects, laid beside one another.

/** For each of `count` nodes the number of its connected part; parts are numbered by their first node. */
export function components(count: number, links: Iterable<readonly [number, number]>): number[] {
  const parent = Array.from({ length: count }, (_, index) => index);
  const find = (index: number): number => {
    let root = index;
    while (parent[root] !== root) {
      root = parent[root]!;
    }

    while (parent[index] !== root) {
      [index, parent[index]] = [parent[index]!, root];
    }

    return root;
  };
  for (const [one, other] of links) {
    const first = find(one);
    const second = find(other);
    if (first !== second) {
      parent[Math.max(first, second)] = Math.min(first, second);
    }
  }

  const numbers = new Map<number, number>();
  return parent.map((_, index) => {
    const root = find(index);
    const number = numbers.get(root) ?? numbers.size;
    numbers.set(root, number);
    return number;
  });
}

export interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** How far to move each box so that none overlap and all together have about this aspect. The largest come first. */
export function pack(boxes: readonly Box[], aspect: number, gap: number): { x: number; y: number }[] {
  const order = boxes.map((_, index) => index).sort((one, other) => area(boxes[other]!) - area(boxes[one]!) || one - other);
  const total = boxes.reduce((sum, box) => sum + (box.right - box.left + gap) * (box.bottom - box.top + gap), 0);
  const widest = boxes.reduce((most, box) => Math.max(most, box.right - box.left), 0);
  const width = Math.max(widest, Math.sqrt(total * aspect));
  const moves: { x: number; y: number }[] = [];

  // Free rectangles under a skyline: for each box the lowest place, of these the leftmost.
  let skyline: { x: number; y: number; width: number }[] = [{ x: 0, y: 0, width: width + gap }];
  for (const index of order) {
    const box = boxes[index]!;
    const wide = box.right - box.left + gap;
    const high = box.bottom - box.top + gap;
    let best = { x: 0, y: Infinity };
    for (let first = 0; first < skyline.length; first++) {
      const x = skyline[first]!.x;
      if (x + wide > width + gap + 1e-6) {
        break;
      }

      let y = 0;
      for (let under = first; under < skyline.length && skyline[under]!.x < x + wide - 1e-6; under++) {
        y = Math.max(y, skyline[under]!.y);
      }

      if (y < best.y - 1e-6) {
        best = { x, y };
      }
    }

    moves[index] = { x: best.x - box.left, y: best.y - box.top };
    const right = best.x + wide;
    const next: typeof skyline = [];
    for (const piece of skyline) {
      const end = piece.x + piece.width;
      if (piece.x < best.x) {
        next.push({ ...piece, width: Math.min(end, best.x) - piece.x });
      }

      if (end > right) {
        const x = Math.max(piece.x, right);
        next.push({ x, y: piece.y, width: end - x });
      }
    }

    next.push({ x: best.x, y: best.y + high, width: wide });
    skyline = next.filter((piece) => piece.width > 1e-6).sort((one, other) => one.x - other.x);
  }

  return moves;
}

function area(box: Box): number {
  return (box.right - box.left) * (box.bottom - box.top);
}
