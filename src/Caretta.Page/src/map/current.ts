// The surface on screen, for exports; null while another view is shown.

import type { Surface } from './surface';

let current: Surface | null = null;

export function setSurface(surface: Surface | null): void {
  current = surface;
}

export function currentSurface(): Surface | null {
  return current;
}
