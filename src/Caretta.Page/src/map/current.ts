// The surface on screen, for exports; null while another view is shown.

import type { Surface } from './surface';

let current: Surface | null = null;

// For tests and scripts, which cannot see into a canvas: where nodes are in the map, and where in the window.
Object.assign(globalThis, {
  carettaMap: {
    positions: () => Object.fromEntries((current?.picture.scene.nodes ?? []).map((item) => [item.node.key, [item.x, item.y]])),
    spots: () => current?.spots ?? [],
  },
});

export function setSurface(surface: Surface | null): void {
  current = surface;
}

export function currentSurface(): Surface | null {
  return current;
}
