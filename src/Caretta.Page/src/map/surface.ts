// The map on screen: two canvases, one with everything and one, above, with what is looked at. Draws when something changed, and only then.

import { select } from 'd3-selection';
import { zoom as makeZoom, zoomIdentity, type D3ZoomEvent, type ZoomBehavior } from 'd3-zoom';
import type { Graph } from '../model/graph';
import type { ViewState } from '../state';
import { between, fitAll, reveal, showsAll, zoomBy, zoomExtent } from './camera';
import type { Point } from './hull';
import { placeFocusLabels, placeLabels, type Label } from './labels';
import { paintFocus, paintRing, paintScene, type Pens, type View } from './paint';
import { linkAt, nextNode, nodeAt, regionAt } from './pick';
import { Placement } from './placement';
import { makeScene, pointAt, type Scene, type SceneLink, type SceneNode, type SceneRegion } from './scene';
import { Sprites } from './sprites';
import { readTheme, watchTheme, type Theme } from './theme';

/** What the pointer is on. */
export type Target = { node: SceneNode } | { link: SceneLink } | { region: SceneRegion } | null;

/** How a graph is drawn. */
export interface Look {
  label: ViewState['label'];
  layout: ViewState['layout'];
  /** Names the way of looking, all filters together: within one, nodes stay where they are. */
  context: string;
  compared: boolean;
}

export interface SurfaceEvents {
  /** The pointer is over something else, at this point of the surface. */
  hovered(target: Target, at: Point): void;
  clicked(target: Target, isDouble: boolean): void;
  /** No places can be found. */
  failed(): void;
  /** Something was drawn, or is still being placed. */
  settled(isSettled: boolean): void;
}

const moveMs = 320;

// A map that takes so long to paint is not painted for each step of a movement, but this often, and when it comes to rest.
const slowPaintMs = 40;
const slideMs = 450;
const restMs = 110;

const maxMoving = 800; // with more, moving all would stutter
const maxPixels = 16e6;
const clickSlack = 4;

export class Surface {
  readonly #root: HTMLElement;
  readonly #events: SurfaceEvents;
  readonly #base: HTMLCanvasElement;
  readonly #overlay: HTMLCanvasElement;
  readonly #sprites = new Sprites();
  readonly #placement: Placement;
  readonly #zoom: ZoomBehavior<HTMLElement, unknown>;
  readonly #cleanUp: (() => void)[] = [];
  #theme: Theme;
  #view: View = { k: 1, x: 0, y: 0, width: 0, height: 0 };
  #graph: Graph | null = null;
  #scene: Scene = makeScene({ nodes: [], links: [] } as unknown as Graph, new Map(), 'force', false);
  #shown = new Map<string, Point>();
  #layout: ViewState['layout'] = 'force';
  #label: ViewState['label'] = 'bytes';
  #context = '';
  #labels: { scene: Scene; zoom: number; label: string; list: Label[] } | null = null;
  #hover: Target = null;
  #selected: string | null = null;
  #focus: string | null = null;
  #frame = 0;
  #isDirty = { base: true, overlay: true };
  #isTouched = false;
  #window = `${innerWidth} ${innerHeight}`;
  #move: { from: Map<string, Point>; to: Map<string, Point>; start: number } | null = null;
  #viewMove: { from: View; to: View; start: number } | null = null;
  #drag: { node: SceneNode; moved: boolean; x: number; y: number; pointer: number } | null = null;
  // The click that follows the end of a drag is none.
  #hasDropped = false;
  // Whether what was last shown is on screen.
  #isDrawn = false;
  // What is on the base canvas, when it was painted and how long that took.
  #painted: { scene: Scene; view: View; time: number; cost: number } | null = null;
  #paintTimer: ReturnType<typeof setTimeout> | undefined;
  #compared = false;

  constructor(root: HTMLElement, events: SurfaceEvents) {
    this.#root = root;
    this.#events = events;
    this.#base = canvas(root, 'map-base');
    this.#overlay = canvas(root, 'map-overlay');
    this.#theme = readTheme(root);
    this.#view = { ...this.#view, width: root.clientWidth, height: root.clientHeight };
    this.#placement = new Placement((reason) => this.#placed(reason), events.failed);
    this.#zoom = makeZoom<HTMLElement, unknown>()
      .scaleExtent(zoomExtent)
      .filter((event: MouseEvent | TouchEvent) => this.#mayZoom(event))
      .on('zoom', (event: D3ZoomEvent<HTMLElement, unknown>) => this.#zoomed(event));
    select(root).call(this.#zoom).on('dblclick.zoom', null);
    this.#listen();
  }

  /** Draws this graph. */
  show(graph: Graph, { label, layout, context, compared }: Look): void {
    const isOther = context !== this.#context;
    this.#isDrawn = false;
    this.#graph = graph;
    this.#layout = layout;
    this.#label = label;
    this.#context = context;
    this.#compared = compared;
    this.#placement.show(graph, layout, context, this.#aspect());
    if (this.#placement.places.size > 0) {
      this.#shown = this.#placement.places;
    }

    if (isOther && graph.nodes.length > 0 && graph.nodes.every((node) => this.#shown.has(node.key))) {
      this.#placed('placed');
    } else {
      this.#rebuild();
    }

    this.#tell();
  }

  /** Marks a node or link. */
  select(key: string | null): void {
    if (key !== this.#selected) {
      this.#selected = key;
      this.#revealSelected();
      this.#draw('overlay');
    }
  }

  /** The node with the keyboard's focus. */
  get focus(): SceneNode | null {
    return this.#focus === null ? null : this.#scene.byKey.get(this.#focus) ?? null;
  }

  setFocus(node: SceneNode | null): void {
    this.#focus = node?.node.key ?? null;
    if (node) {
      this.#reveal(node);
    }

    this.#draw('overlay');
  }

  /** The next node in a direction from the one with the focus. */
  next(dx: number, dy: number): SceneNode | null {
    return nextNode(this.#scene, this.focus ?? (this.#selected === null ? null : this.#scene.byKey.get(this.#selected) ?? null), dx, dy);
  }

  zoomBy(factor: number): void {
    this.#isTouched = true;
    this.#moveView(zoomBy(this.#view, factor));
  }

  /** Shows all. */
  fit(animated = true): void {
    const to = fitAll(this.#scene, this.#view);
    if (to) {
      this.#isTouched = false;
      this.#moveView(to, animated);
    }
  }

  /** Forgets all places, also those that nodes were dragged to. */
  reset(): void {
    this.#placement.reset();
    this.#isTouched = false;
    if (this.#graph) {
      this.#placement.show(this.#graph, this.#layout, this.#context, this.#aspect());
      this.#tell();
    }
  }

  /** What is on screen, for exports. */
  get picture(): { scene: Scene; view: View; labels: readonly Label[]; theme: Theme; textScale: number } {
    return {
      scene: this.#scene, view: this.#view, labels: this.#labelList(), theme: this.#theme,
      textScale: this.#textScale(),
    };
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#paintTimer);
    this.#cleanUp.forEach((undo) => undo());
    this.#placement.close();
    select(this.#root).on('.zoom', null);
    this.#base.remove();
    this.#overlay.remove();
  }

  #listen(): void {
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(this.#root);
    this.#cleanUp.push(() => observer.disconnect(), watchTheme(() => {
      this.#theme = readTheme(this.#root);
      this.#draw('base');
    }));
    const on = <K extends keyof HTMLElementEventMap>(name: K, listener: (event: HTMLElementEventMap[K]) => void) => {
      this.#root.addEventListener(name, listener);
      this.#cleanUp.push(() => this.#root.removeEventListener(name, listener));
    };
    on('pointermove', (event) => this.#pointerMoved(event));
    on('pointerleave', () => this.#hoverOver(null, { x: 0, y: 0 }));
    on('pointerdown', (event) => this.#pointerDown(event));
    on('pointerup', () => this.#drop());
    on('pointercancel', () => this.#drop());
    on('click', (event) => {
      if (this.#isSurface(event) && !this.#hasDropped && event.detail <= 1) {
        this.#events.clicked(this.#targetAt(this.#at(event)), false);
      }
    });
    on('dblclick', (event) => {
      if (this.#isSurface(event)) {
        const at = this.#at(event);
        const region = regionAt(this.#scene, (at.x - this.#view.x) / this.#view.k, (at.y - this.#view.y) / this.#view.k);
        const target = this.#targetAt(at);
        this.#events.clicked(region && !(target && 'node' in target) ? { region } : target, true);
      }
    });
  }

  #isSurface(event: Event): boolean {
    return event.target === this.#overlay || event.target === this.#base || event.target === this.#root;
  }

  #at(event: MouseEvent | Touch): Point {
    const box = this.#root.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #targetAt(at: Point): Target {
    const { k } = this.#view;
    const x = (at.x - this.#view.x) / k;
    const y = (at.y - this.#view.y) / k;
    const node = nodeAt(this.#scene, x, y, clickSlack / k);
    if (node) {
      return { node };
    }

    for (const label of this.#labelList()) {
      if (Math.abs(label.x + this.#view.x - at.x) <= label.width / 2 && Math.abs(label.y + this.#view.y - at.y) <= label.height / 2) {
        if (label.style === 'region') {
          return { region: this.#scene.regions.find((region) => region.namespace === label.of)! };
        }

        if (typeof label.of === 'object') {
          return 'node' in label.of ? { node: label.of } : { link: label.of };
        }
      }
    }

    const link = linkAt(this.#scene, x, y, (clickSlack + 1) / k);
    return link && { link };
  }

  // With a mouse, a node is dragged; elsewhere the map is. Fingers move the map always.
  #mayZoom(event: MouseEvent | TouchEvent): boolean {
    if (!this.#isSurface(event) || 'button' in event && event.button !== 0) {
      return false;
    }

    const target = event.type === 'mousedown' ? this.#targetAt(this.#at(event as MouseEvent)) : null;
    return !(target && 'node' in target);
  }

  #zoomed(event: D3ZoomEvent<HTMLElement, unknown>): void {
    const { k, x, y } = event.transform;
    if (event.sourceEvent) {
      this.#isTouched = true;
      this.#viewMove = null;
    }

    this.#view = { ...this.#view, k, x, y };
    this.#draw('base');
  }

  #pointerDown(event: PointerEvent): void {
    this.#hasDropped = false;
    if (event.pointerType !== 'mouse' || event.button !== 0 || !this.#isSurface(event)) {
      return;
    }

    const target = this.#targetAt(this.#at(event));
    if (target && 'node' in target) {
      this.#drag = { node: target.node, moved: false, x: event.clientX, y: event.clientY, pointer: event.pointerId };
    }
  }

  #pointerMoved(event: PointerEvent): void {
    const at = this.#at(event);
    const drag = this.#drag;
    if (!drag) {
      if (event.buttons === 0 && event.pointerType !== 'touch') {
        this.#hoverOver(this.#isSurface(event) ? this.#targetAt(at) : null, at);
      }

      return;
    }

    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < clickSlack) {
      return;
    }

    if (!drag.moved) {
      drag.moved = true;
      this.#root.setPointerCapture(drag.pointer);
    }

    this.#placement.pin(drag.node.node.key, { x: (at.x - this.#view.x) / this.#view.k, y: (at.y - this.#view.y) / this.#view.k });
    this.#move = null;
    this.#shown = this.#placement.places;
    this.#rebuild();
  }

  #drop(): void {
    const drag = this.#drag;
    this.#drag = null;
    this.#hasDropped = drag?.moved ?? false;
  }

  #hoverOver(target: Target, at: Point): void {
    if (itemOf(target) !== itemOf(this.#hover)) {
      this.#root.style.cursor = target ? 'pointer' : '';
      this.#hover = target;
      this.#draw('overlay');
    }

    this.#events.hovered(target, at);
  }

  // Pixels of the canvas for each of the page, as far as memory is not wasted on it.
  #ratio(): number {
    return Math.max(1, Math.min(devicePixelRatio || 1, Math.sqrt(maxPixels / Math.max(1, this.#view.width * this.#view.height))));
  }

  // Very wide windows are looked at from afar.
  #textScale(): number {
    return this.#view.width >= 2200 ? 1.35 : 1;
  }

  #aspect(): number {
    return this.#view.width > 0 && this.#view.height > 0 ? this.#view.width / this.#view.height : 1.6;
  }

  #resize(): void {
    const width = this.#root.clientWidth;
    const height = this.#root.clientHeight;
    if (width === this.#view.width && height === this.#view.height) {
      return;
    }

    const wasEmpty = this.#view.width === 0;
    const isOfWindow = this.#window !== `${innerWidth} ${innerHeight}`;
    this.#window = `${innerWidth} ${innerHeight}`;
    this.#view = { ...this.#view, width, height };
    if (wasEmpty) {
      this.fit(false);
    } else if (this.#revealSelected()) {
      // What is looked at is in view again.
    } else if (isOfWindow && !this.#isTouched) {
      this.fit(false); // but not when details open beside the map: what is looked at must not jump
    }

    this.#draw('base');
  }

  #placed(reason: 'placed' | 'grown'): void {
    const places = this.#placement.places;
    if (reason === 'placed' && this.#scene.nodes.length > 0 && this.#scene.nodes.length <= maxMoving && !isStill()) {
      this.#move = { from: new Map(this.#scene.nodes.map((node) => [node.node.key, { x: node.x, y: node.y }])), to: places, start: -1 };
    }

    this.#shown = places;
    const isFirst = this.#scene.nodes.length === 0;
    const move = this.#move;
    this.#move = null;
    this.#rebuild();
    if (reason === 'placed') {
      this.fit(!isFirst);
    } else if (!this.#isTouched && !showsAll(this.#scene, this.#view)) {
      this.fit();
    }

    this.#move = move;
    this.#tell();
    this.#draw('base');
  }

  #rebuild(): void {
    if (!this.#graph) {
      return;
    }

    const hover = itemOf(this.#hover);
    this.#scene = makeScene(this.#graph, this.#shown, this.#layout, this.#compared);
    this.#labels = null;
    const node = hover && 'node' in hover ? this.#scene.byKey.get(hover.node.key) : undefined;
    const link = hover && 'link' in hover ? this.#scene.linkByKey.get(hover.link.key) : undefined;
    this.#hover = node ? { node } : link ? { link } : null;
    this.#draw('base');
  }

  #revealSelected(): boolean {
    const node = this.#selected === null ? undefined : this.#scene.byKey.get(this.#selected);
    const link = this.#selected === null ? undefined : this.#scene.linkByKey.get(this.#selected);
    if (node ?? link) {
      this.#reveal(node ?? pointAt(link!, 0.5));
      return true;
    }

    return false;
  }

  #reveal(point: Point): void {
    const to = reveal(this.#view, point);
    if (to !== this.#view) {
      this.#moveView(to);
    }
  }

  #moveView(to: View, animated = true): void {
    if (animated && !isStill()) {
      this.#viewMove = { from: this.#view, to, start: -1 };
      this.#draw('base');
    } else {
      this.#viewMove = null;
      this.#setView(to);
    }
  }

  #setView(view: View): void {
    this.#zoom.transform(select(this.#root), zoomIdentity.translate(view.x, view.y).scale(view.k));
  }

  #tell(): void {
    this.#events.settled(this.#isDrawn && !this.#placement.busy && !this.#move && !this.#viewMove);
  }

  #draw(what: 'base' | 'overlay'): void {
    this.#isDirty.overlay = true;
    this.#isDirty.base ||= what === 'base';
    if (this.#frame === 0) {
      this.#frame = requestAnimationFrame((time) => this.#render(time));
    }
  }

  #render(time: number): void {
    this.#frame = 0;
    this.#animate(time);
    const ratio = this.#ratio();
    this.#sprites.prepare(this.#theme, ratio, this.#textScale());
    const focus = this.#focused();
    if (this.#isDirty.base && !this.#slide(time)) {
      this.#isDirty.base = false;
      const pens = this.#pens(this.#base, ratio);
      paintScene(pens, this.#scene, this.#view, this.#labelList());
      const painted = { scene: this.#scene, view: this.#view, time, cost: 0 };
      this.#painted = painted;
      // The canvas draws after this function has returned: only when the next frame comes is it known how long that took.
      requestAnimationFrame((next) => {
        painted.cost = next - time;
      });
      this.#base.style.transform = '';
      this.#isDrawn = this.#graph !== null && this.#scene.nodes.length === this.#graph.nodes.length;
    }

    if (this.#isDirty.overlay) {
      this.#isDirty.overlay = false;
      this.#base.style.opacity = focus ? '0.28' : '1';
      const pens = this.#pens(this.#overlay, ratio);
      if (focus) {
        paintFocus(pens, focus.nodes, focus.links, this.#view,
          placeFocusLabels(focus.nodes, focus.links, this.#view.k, this.#label, this.#sprites));
      }

      const selected = this.#selected === null ? undefined : this.#scene.byKey.get(this.#selected);
      if (selected) {
        paintRing(pens, selected, this.#view, false);
      }

      if (this.focus && this.#root.contains(document.activeElement)) {
        paintRing(pens, this.focus, this.#view, true);
      }
    }

    if (this.#move || this.#viewMove) {
      this.#draw('base');
    } else {
      this.#tell();
    }
  }

  // While a large map is moved, what was painted last is moved instead; whether that is enough for now.
  #slide(time: number): boolean {
    const painted = this.#painted;
    if (!painted || painted.cost < slowPaintMs || painted.scene !== this.#scene || time - painted.time > slideMs
      || painted.view.width !== this.#view.width || painted.view.height !== this.#view.height) {
      return false;
    }

    const k = this.#view.k / painted.view.k;
    this.#base.style.transform = `matrix(${k},0,0,${k},${this.#view.x - painted.view.x * k},${this.#view.y - painted.view.y * k})`;
    clearTimeout(this.#paintTimer);
    this.#paintTimer = setTimeout(() => {
      this.#painted = null;
      this.#draw('base');
    }, restMs);
    return true;
  }

  #animate(time: number): void {
    const move = this.#move;
    if (move) {
      move.start = move.start < 0 ? time : move.start;
      const t = ease(Math.min(1, (time - move.start) / moveMs));
      if (t < 1) {
        this.#shown = new Map([...move.to].map(([key, to]) => {
          const from = move.from.get(key) ?? to;
          return [key, { x: from.x + (to.x - from.x) * t, y: from.y + (to.y - from.y) * t }];
        }));
      } else {
        this.#shown = this.#placement.places;
        this.#move = null;
      }

      this.#rebuild();
    }

    const viewMove = this.#viewMove;
    if (viewMove) {
      viewMove.start = viewMove.start < 0 ? time : viewMove.start;
      const t = ease(Math.min(1, (time - viewMove.start) / moveMs));
      this.#setView(between(viewMove.from, viewMove.to, t));
      if (t >= 1) {
        this.#viewMove = null;
      }
    }
  }

  // What is hovered over, or else selected, with all that it touches.
  #focused(): { nodes: SceneNode[]; links: SceneLink[] } | null {
    const item = itemOf(this.#hover)
      ?? (this.#selected === null ? null : this.#scene.byKey.get(this.#selected) ?? this.#scene.linkByKey.get(this.#selected) ?? null);
    if (!item) {
      return null;
    }

    if ('link' in item) {
      return { nodes: [item.client, item.server], links: [item] };
    }

    if ('outline' in item) {
      return null;
    }

    return { nodes: [...new Set([item, ...item.links.flatMap((link) => [link.client, link.server])])], links: item.links };
  }

  #labelList(): readonly Label[] {
    if (this.#labels?.scene !== this.#scene || this.#labels.zoom !== this.#view.k || this.#labels.label !== this.#label) {
      this.#sprites.prepare(this.#theme, this.#ratio(), this.#textScale());
      this.#labels = {
        scene: this.#scene, zoom: this.#view.k, label: this.#label,
        list: placeLabels(this.#scene, this.#view.k, this.#label, this.#sprites),
      };
    }

    return this.#labels.list;
  }

  #pens(target: HTMLCanvasElement, ratio: number): Pens {
    const { width, height } = this.#view;
    const wide = Math.round(width * ratio);
    const high = Math.round(height * ratio);
    const context = target.getContext('2d')!;
    if (target.width !== wide || target.height !== high) {
      target.width = wide;
      target.height = high;
    }

    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, wide, high);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { context, theme: this.#theme, sprites: this.#sprites };
  }

  /** Nodes with their places in the window. */
  get spots(): { key: string; x: number; y: number; radius: number }[] {
    const { k, x, y } = this.#view;
    const { left, top } = this.#root.getBoundingClientRect();
    return this.#scene.nodes.map((node) => ({
      key: node.node.key, x: node.x * k + x + left, y: node.y * k + y + top, radius: node.radius * k,
    }));
  }
}

function itemOf(target: Target): SceneNode | SceneLink | SceneRegion | null {
  return !target ? null : 'node' in target ? target.node : 'link' in target ? target.link : target.region;
}

function ease(t: number): number {
  return 1 - (1 - t) ** 3;
}

function isStill(): boolean {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}

function canvas(root: HTMLElement, name: string): HTMLCanvasElement {
  const element = document.createElement('canvas');
  element.className = name;
  element.setAttribute('aria-hidden', 'true');
  root.append(element);
  return element;
}
