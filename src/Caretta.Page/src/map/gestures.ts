// What hands do with the map: mouse, pen and fingers. Two fingers or the wheel zoom, the ground is dragged to pan, a workload is dragged with
// the mouse; what a mouse hovers over a finger holds.

import { select } from 'd3-selection';
import { zoom as makeZoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3-zoom';
import { zoomExtent } from './camera';
import type { Point } from './hull';
import type { View } from './paint';
import type { SceneLink, SceneNode, SceneRegion } from './scene';

/** What the pointer is on. */
export type Target = { node: SceneNode } | { link: SceneLink } | { region: SceneRegion } | null;

/** Looks up what is at a point of the surface, or so many pixels from it. */
export interface Ground {
  targetAt(at: Point, slack: number): Target;
  regionAt(at: Point): SceneRegion | null;
}

export interface GestureEvents {
  /** The map is looked at from elsewhere; by hand, or because `moveTo` was called. */
  zoomed(transform: Pick<View, 'k' | 'x' | 'y'>, byHand: boolean): void;
  hovered(target: Target, at: Point): void;
  /** A workload is to be at this point of the surface. */
  dragged(node: SceneNode, at: Point): void;
  clicked(target: Target, isDouble: boolean): void;
}

const mouseSlack = 4;
const fingerSlack = 12; // WCAG 2.2, 2.5.8: a target of 24 pixels
const holdMs = 500;

export class Gestures {
  readonly #root: HTMLElement;
  readonly #ground: Ground;
  readonly #events: GestureEvents;
  readonly #zoom: ZoomBehavior<HTMLElement, unknown>;
  readonly #cleanUp: (() => void)[] = [];
  #drag: { node: SceneNode; moved: boolean; x: number; y: number; pointer: number } | null = null;
  // A finger that rests where it came down.
  #hold: { timer: ReturnType<typeof setTimeout>; x: number; y: number } | null = null;
  // The click that follows the end of a drag or of holding is none.
  #isClickOver = false;

  constructor(root: HTMLElement, ground: Ground, events: GestureEvents) {
    this.#root = root;
    this.#ground = ground;
    this.#events = events;
    this.#zoom = makeZoom<HTMLElement, unknown>()
      .scaleExtent(zoomExtent)
      .filter((event: MouseEvent | TouchEvent) => this.#mayZoom(event))
      .on('zoom', (event: D3ZoomEvent<HTMLElement, unknown>) => events.zoomed(event.transform, Boolean(event.sourceEvent)));
    select(root).call(this.#zoom).on('dblclick.zoom', null);
    this.#on('pointermove', (event) => this.#pointerMoved(event));
    this.#on('pointerleave', (event) => {
      if (event.pointerType !== 'touch') {
        events.hovered(null, { x: 0, y: 0 }); // a finger leaves the surface whenever it is lifted
      }
    });
    this.#on('pointerdown', (event) => this.#pointerDown(event));
    this.#on('pointerup', () => this.#drop());
    this.#on('pointercancel', () => this.#drop());
    this.#on('contextmenu', (event) => {
      if ((event as PointerEvent).pointerType === 'touch') {
        event.preventDefault(); // holding has its own answer
      }
    });
    this.#on('click', (event) => {
      if (this.#isSurface(event) && !this.#isClickOver && event.detail <= 1) {
        events.clicked(this.#targetOf(event), false);
      }
    });
    this.#on('dblclick', (event) => {
      if (this.#isSurface(event)) {
        const region = ground.regionAt(this.#at(event));
        const target = this.#targetOf(event);
        events.clicked(region && !(target && 'node' in target) ? { region } : target, true);
      }
    });
  }

  /** Looks at the map from there. Calls back at once. */
  moveTo({ k, x, y }: View): void {
    this.#zoom.transform(select(this.#root), zoomIdentity.translate(x, y).scale(k));
  }

  close(): void {
    this.#letGo();
    this.#cleanUp.forEach((undo) => undo());
    select(this.#root).on('.zoom', null);
  }

  #on<K extends keyof HTMLElementEventMap>(name: K, listener: (event: HTMLElementEventMap[K]) => void): void {
    this.#root.addEventListener(name, listener);
    this.#cleanUp.push(() => this.#root.removeEventListener(name, listener));
  }

  #isSurface(event: Event): boolean {
    return event.target === this.#root; // its canvases take no events
  }

  #at(event: MouseEvent): Point {
    const box = this.#root.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #targetOf(event: MouseEvent): Target {
    return this.#ground.targetAt(this.#at(event), (event as PointerEvent).pointerType === 'touch' ? fingerSlack : mouseSlack);
  }

  // With a mouse, a node is dragged; elsewhere the map is. Fingers move the map always.
  #mayZoom(event: MouseEvent | TouchEvent): boolean {
    if (!this.#isSurface(event) || 'button' in event && event.button !== 0) {
      return false;
    }

    const target = event.type === 'mousedown' ? this.#targetOf(event as MouseEvent) : null;
    return !(target && 'node' in target);
  }

  #pointerDown(event: PointerEvent): void {
    this.#isClickOver = false;
    if (event.pointerType === 'touch') {
      this.#fingerDown(event);
      return;
    }

    if (event.pointerType !== 'mouse' || event.button !== 0 || !this.#isSurface(event)) {
      return;
    }

    const target = this.#targetOf(event);
    if (target && 'node' in target) {
      this.#drag = { node: target.node, moved: false, x: event.clientX, y: event.clientY, pointer: event.pointerId };
    }
  }

  #fingerDown(event: PointerEvent): void {
    this.#letGo();
    this.#events.hovered(null, { x: 0, y: 0 });
    if (!event.isPrimary || !this.#isSurface(event)) {
      return;
    }

    const timer = setTimeout(() => {
      const target = this.#targetOf(event);
      this.#hold = null;
      if (target) {
        this.#isClickOver = true;
        this.#events.hovered(target, this.#at(event));
      }
    }, holdMs);
    this.#hold = { timer, x: event.clientX, y: event.clientY };
  }

  #letGo(): void {
    clearTimeout(this.#hold?.timer);
    this.#hold = null;
  }

  #pointerMoved(event: PointerEvent): void {
    const at = this.#at(event);
    const hold = this.#hold;
    if (hold && Math.hypot(event.clientX - hold.x, event.clientY - hold.y) > fingerSlack) {
      this.#letGo();
    }

    const drag = this.#drag;
    if (!drag) {
      if (event.buttons === 0 && event.pointerType !== 'touch') {
        this.#events.hovered(this.#isSurface(event) ? this.#targetOf(event) : null, at);
      }

      return;
    }

    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < mouseSlack) {
      return;
    }

    if (!drag.moved) {
      drag.moved = true;
      this.#root.setPointerCapture(drag.pointer);
    }

    this.#events.dragged(drag.node, at);
  }

  #drop(): void {
    this.#letGo();
    const drag = this.#drag;
    this.#drag = null;
    this.#isClickOver ||= drag?.moved ?? false;
  }
}
