// The map on screen: what there is, where it is looked at from, and what stands out. Draws when something changed, and only then.

import type { Graph } from '../model/graph';
import type { ViewState } from '../state';
import { fitAll, reveal, showsAll, zoomBy } from './camera';
import { Gestures, type Target } from './gestures';
import type { Point } from './hull';
import { placeFocusLabels, placeLabels, type Label } from './labels';
import { isStill, Movement } from './movement';
import { paintFocus, paintRing, paintScene, type View } from './paint';
import { linkAt, nextNode, nodeAt, regionAt } from './pick';
import { Placement } from './placement';
import { makeScene, pointAt, type Scene, type SceneLink, type SceneNode, type SceneRegion } from './scene';
import { ratioOf, Screen, textScaleOf } from './screen';
import { Sprites } from './sprites';
import { readTheme, watchTheme, type Theme } from './theme';

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

const maxLinkSlack = 7; // pixels
const maxMoving = 800; // with more, moving all would stutter

export class Surface {
  readonly #root: HTMLElement;
  readonly #events: SurfaceEvents;
  readonly #sprites = new Sprites();
  readonly #screen: Screen;
  readonly #placement: Placement;
  readonly #movement = new Movement();
  readonly #gestures: Gestures;
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
  // Whether what was last shown is on screen.
  #isDrawn = false;
  #compared = false;

  constructor(root: HTMLElement, events: SurfaceEvents) {
    this.#root = root;
    this.#events = events;
    this.#screen = new Screen(root, this.#sprites);
    this.#theme = readTheme(root);
    this.#view = { ...this.#view, width: root.clientWidth, height: root.clientHeight };
    this.#placement = new Placement((reason) => this.#placed(reason), events.failed);
    this.#gestures = new Gestures(root, {
      targetAt: (at, slack) => this.#targetAt(at, slack),
      regionAt: (at) => regionAt(this.#scene, (at.x - this.#view.x) / this.#view.k, (at.y - this.#view.y) / this.#view.k),
    }, {
      zoomed: (transform, byHand) => this.#zoomed(transform, byHand),
      hovered: (target, at) => this.#hoverOver(target, at),
      dragged: (node, at) => this.#dragged(node, at),
      clicked: events.clicked,
    });
    const observer = new ResizeObserver(() => this.#resize());
    observer.observe(root);
    this.#cleanUp.push(() => observer.disconnect(), watchTheme(() => {
      this.#theme = readTheme(root);
      this.#draw('base');
    }));
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
      textScale: textScaleOf(this.#view.width),
    };
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#cleanUp.forEach((undo) => undo());
    this.#gestures.close();
    this.#placement.close();
    this.#screen.close();
  }

  #targetAt(at: Point, slack: number): Target {
    const { k } = this.#view;
    const x = (at.x - this.#view.x) / k;
    const y = (at.y - this.#view.y) / k;
    const node = nodeAt(this.#scene, x, y, slack / k);
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

    // There is a link wherever one taps: beside it the ground must be in reach too.
    const link = linkAt(this.#scene, x, y, Math.min(slack + 1, maxLinkSlack) / k);
    return link && { link };
  }

  #zoomed({ k, x, y }: Pick<View, 'k' | 'x' | 'y'>, byHand: boolean): void {
    if (byHand) {
      this.#isTouched = true;
      this.#movement.stopView();
    }

    this.#view = { ...this.#view, k, x, y };
    this.#draw('base');
  }

  #dragged(node: SceneNode, at: Point): void {
    this.#placement.pin(node.node.key, { x: (at.x - this.#view.x) / this.#view.k, y: (at.y - this.#view.y) / this.#view.k });
    this.#movement.stopPlaces();
    this.#shown = this.#placement.places;
    this.#rebuild();
  }

  #hoverOver(target: Target, at: Point): void {
    if (itemOf(target) !== itemOf(this.#hover)) {
      this.#root.style.cursor = target ? 'pointer' : '';
      this.#hover = target;
      this.#draw('overlay');
    }

    this.#events.hovered(target, at);
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
    const before = this.#scene.nodes;
    if (reason === 'placed' && before.length > 0 && before.length <= maxMoving && !isStill()) {
      this.#movement.movePlaces(new Map(before.map((node) => [node.node.key, { x: node.x, y: node.y }])), places);
    }

    this.#shown = places;
    this.#rebuild();
    if (reason === 'placed') {
      this.fit(before.length > 0);
    } else if (!this.#isTouched && !showsAll(this.#scene, this.#view)) {
      this.fit();
    }

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
      this.#movement.moveView(this.#view, to);
      this.#draw('base');
    } else {
      this.#movement.stopView();
      this.#gestures.moveTo(to);
    }
  }

  #tell(): void {
    this.#events.settled(this.#isDrawn && !this.#placement.busy && !this.#movement.isUnderWay);
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
    this.#prepareSprites();
    const focus = this.#focused();
    if (this.#isDirty.base && !this.#screen.slide(this.#scene, this.#view, time, () => this.#draw('base'))) {
      this.#isDirty.base = false;
      paintScene(this.#screen.pens('base', this.#view, this.#theme), this.#scene, this.#view, this.#labelList());
      this.#screen.painted(this.#scene, this.#view, time);
      this.#isDrawn = this.#graph !== null && this.#scene.nodes.length === this.#graph.nodes.length;
    }

    if (this.#isDirty.overlay) {
      this.#isDirty.overlay = false;
      this.#screen.dim(focus !== null);
      const pens = this.#screen.pens('overlay', this.#view, this.#theme);
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

    if (this.#movement.isUnderWay) {
      this.#draw('base');
    } else {
      this.#tell();
    }
  }

  #animate(time: number): void {
    const places = this.#movement.placesAt(time, this.#placement.places);
    if (places) {
      this.#shown = places;
      this.#rebuild();
    }

    const view = this.#movement.viewAt(time);
    if (view) {
      this.#gestures.moveTo(view);
    }
  }

  #prepareSprites(): void {
    const { width, height } = this.#view;
    this.#sprites.prepare(this.#theme, ratioOf(width, height), textScaleOf(width));
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
      this.#prepareSprites();
      this.#labels = {
        scene: this.#scene, zoom: this.#view.k, label: this.#label,
        list: placeLabels(this.#scene, this.#view.k, this.#label, this.#sprites),
      };
    }

    return this.#labels.list;
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
