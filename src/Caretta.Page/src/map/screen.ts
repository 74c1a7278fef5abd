// Two canvases over one another, one with everything and one, above, with what is looked at; and how many dots they have.

import { farFrom } from './camera';
import type { Pens, View } from './paint';
import type { Sprites } from './sprites';
import type { Theme } from './theme';

// A map that takes so long to paint is not painted for each step of a movement, but this often, and when it comes to rest.
const slowPaintMs = 40;
const slideMs = 450;
const restMs = 110;

const maxPixels = 16e6;

export class Screen {
  readonly #base: HTMLCanvasElement;
  readonly #overlay: HTMLCanvasElement;
  readonly #sprites: Sprites;
  // What is on the base canvas, when it was painted and how long that took.
  #painted: { scene: object; view: View; time: number; cost: number } | null = null;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(root: HTMLElement, sprites: Sprites) {
    this.#base = canvas(root, 'map-base');
    this.#overlay = canvas(root, 'map-overlay');
    this.#sprites = sprites;
  }

  close(): void {
    clearTimeout(this.#rest);
    this.#base.remove();
    this.#overlay.remove();
  }

  /** An empty canvas, to draw in pixels of the page. */
  pens(target: 'base' | 'overlay', { width, height }: View, theme: Theme): Pens {
    const own = target === 'base' ? this.#base : this.#overlay;
    const ratio = ratioOf(width, height);
    const wide = Math.round(width * ratio);
    const high = Math.round(height * ratio);
    const context = own.getContext('2d')!;
    if (own.width !== wide || own.height !== high) {
      own.width = wide;
      own.height = high;
    }

    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { context, theme, sprites: this.#sprites };
  }

  /** All but what is looked at steps back. */
  dim(isDimmed: boolean): void {
    this.#base.style.opacity = isDimmed ? '0.28' : '1';
  }

  /** The base canvas has this now. */
  painted(scene: object, view: View, time: number): void {
    const painted = { scene, view, time, cost: 0 };
    this.#painted = painted;
    // The canvas draws after this function has returned: only when the next frame comes is it known how long that took.
    requestAnimationFrame((next) => {
      painted.cost = next - time;
    });
    this.#base.style.transform = '';
  }

  /**
   * While a large map is moved, what was painted last is moved instead; whether that is enough for now. If it is, `again` is called once
   * the map rests.
   */
  slide(scene: object, view: View, time: number, again: () => void): boolean {
    const painted = this.#painted;
    if (!painted || painted.cost < slowPaintMs || painted.scene !== scene || time - painted.time > slideMs
      || painted.view.width !== view.width || painted.view.height !== view.height) {
      return false;
    }

    const k = view.k / painted.view.k;
    this.#base.style.transform = `matrix(${k},0,0,${k},${view.x - painted.view.x * k},${view.y - painted.view.y * k})`;
    clearTimeout(this.#rest);
    this.#rest = setTimeout(() => {
      this.#painted = null;
      again();
    }, restMs);
    return true;
  }
}

/** Pixels of the canvas for each of the page, as far as memory is not wasted on it. */
export function ratioOf(width: number, height: number): number {
  return Math.max(1, Math.min(devicePixelRatio || 1, Math.sqrt(maxPixels / Math.max(1, width * height))));
}

/** How much larger than usual texts are. */
export function textScaleOf(width: number): number {
  return width >= farFrom ? 1.35 : 1;
}

function canvas(root: HTMLElement, name: string): HTMLCanvasElement {
  const element = document.createElement('canvas');
  element.className = name;
  element.setAttribute('aria-hidden', 'true');
  root.append(element);
  return element;
}
