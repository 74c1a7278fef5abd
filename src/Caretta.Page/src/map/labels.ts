// Which texts are shown, and where: as many as fit, the important ones first. Depends on the zoom but not on the place, so that nothing
// flickers while the map is moved.

import { byteRate, rate } from '../format';
import type { GraphLink } from '../model/graph';
import type { ViewState } from '../state';
import { pointAt, shorten, type Scene, type SceneLink, type SceneNode } from './scene';
import type { Colour } from './theme';

export type TextStyle = 'name' | 'strong' | 'small' | 'region' | 'link';

/** A text centred at a point, which is in screen units from where the world's origin is. */
export interface Label {
  text: string;
  style: TextStyle;
  colour: Colour;
  x: number;
  y: number;
  width: number;
  height: number;
  of: SceneNode | SceneLink | string;
}

/** The size of a text on screen. */
export interface Texts {
  width(text: string, style: TextStyle): number;
  height(style: TextStyle): number;
}

const cell = 64;

/** Shorter links on screen have no room for a sign. */
const signFrom = 50;

/** Names keep off nodes that are larger than this on screen. */
const smallestObstacle = 2.5;

/** Link labels wait until there is room for them. */
const linkLabelZoom = 0.85;
const fewLinks = 40;
const crowdedLinkLabelZoom = 1.4;
const manyLinks = 400;

/** Labels of all that is in the scene. */
export function placeLabels(scene: Scene, zoom: number, label: ViewState['label'], texts: Texts): Label[] {
  const room = new Room();
  const labels: Label[] = [];
  for (const node of scene.nodes) {
    const radius = node.radius * zoom;
    if (radius > smallestObstacle) {
      room.take(node.x * zoom - radius, node.y * zoom - radius, node.x * zoom + radius, node.y * zoom + radius);
    }
  }

  for (const region of [...scene.regions].sort((one, other) => other.members - one.members)) {
    put(room, labels, {
      text: regionText(region.namespace), style: 'region', colour: region.colour, of: region.namespace,
      width: texts.width(regionText(region.namespace), 'region') + 14, height: texts.height('region'),
    }, [[region.x * zoom, region.y * zoom], [region.x * zoom, region.y * zoom - texts.height('region') / 2]], true);
  }

  for (const node of [...scene.nodes].sort(byWeight)) {
    nodeLabel(room, labels, node, zoom, texts, zoom > 0.9 && scene.regions.length === 0);
  }

  if (label !== 'none' && zoom >= (scene.links.length <= fewLinks ? 0.5 : scene.links.length <= manyLinks ? linkLabelZoom : crowdedLinkLabelZoom)) {
    for (const link of [...scene.links].sort((one, other) => other.width - one.width)) {
      linkLabel(room, labels, link, zoom, label, texts);
    }
  } else {
    for (const link of scene.links) {
      const sign = linkSign(link.link);
      if (sign !== '' && Math.hypot(link.x2 - link.x1, link.y2 - link.y1) * zoom > signFrom) {
        putLinkLabel(room, labels, link, zoom, sign, texts);
      }
    }
  }

  return [...labels.slice(scene.regions.length), ...labels.slice(0, scene.regions.length)]; // names of regions lie on top
}

/** Labels of some nodes and links: all of them, also where they overlap others' things, but not one another. */
export function placeFocusLabels(
  nodes: readonly SceneNode[], links: readonly SceneLink[], zoom: number, label: ViewState['label'], texts: Texts,
): Label[] {
  const room = new Room();
  const labels: Label[] = [];
  for (const node of nodes) {
    const radius = node.radius * zoom;
    room.take(node.x * zoom - radius, node.y * zoom - radius, node.x * zoom + radius, node.y * zoom + radius);
  }

  for (const node of nodes) {
    nodeLabel(room, labels, node, zoom, texts, true);
  }

  if (label !== 'none') {
    for (const link of links) {
      linkLabel(room, labels, link, zoom, label, texts);
    }
  }

  return labels;
}

/** What a link says of itself. */
export function linkText(link: GraphLink, label: ViewState['label']): string {
  return `${linkSign(link)} ${linkNumber(link, label)}`.trim();
}

// What its colour says, for those who do not see it.
function linkSign(link: GraphLink): string {
  return (link.health === 'failing' ? '!' : '') + { new: '+', gone: '−', grown: '▲', shrunk: '▼', same: '' }[link.change ?? 'same'];
}

function linkNumber(link: GraphLink, label: ViewState['label']): string {
  switch (label) {
    case 'bytes': {
      const bytes = link.bytesToServerPerSecond + link.bytesToClientPerSecond;
      return bytes > 0 ? byteRate(bytes) : '';
    }

    case 'connections':
      return link.openedPerSecond > 0 ? rate(link.openedPerSecond) : '';
    case 'failures':
      return link.failedPerSecond > 0 ? `${rate(link.failedPerSecond)} failed` : link.failed > 0 ? `${link.failed} failed` : '';
    case 'ports': {
      const ports = [...new Set(link.ports.map((port) => port.port))];
      return ports.slice(0, 3).join(', ') + (ports.length > 3 ? ` +${ports.length - 3}` : '');
    }

    default:
      return '';
  }
}

function regionText(namespace: string): string {
  return shorten(namespace, 28);
}

function byWeight(one: SceneNode, other: SceneNode): number {
  return weight(other) - weight(one) || (one.node.key < other.node.key ? -1 : 1);
}

function weight(node: SceneNode): number {
  return (node.node.fold === 'none' ? 0 : 1000) + (node.node.health === 'failing' ? 500 : 0) + node.radius * 4 + node.links.length;
}

function nodeLabel(room: Room, labels: Label[], node: SceneNode, zoom: number, texts: Texts, withNamespace: boolean): void {
  const style: TextStyle = node.node.fold === 'none' ? 'name' : 'strong';
  const width = texts.width(node.label, style) + 4;
  const height = texts.height(style);
  const x = node.x * zoom;
  const y = node.y * zoom;
  const radius = Math.max(3, node.radius * zoom);
  const placed = put(room, labels, { text: node.label, style, colour: 'text', of: node, width, height }, [
    [x, y + radius + height / 2 + 2],
    [x + radius + width / 2 + 3, y],
    [x - radius - width / 2 - 3, y],
    [x, y - radius - height / 2 - 2],
  ]);
  if (placed && withNamespace && node.node.fold === 'none' && node.node.namespace !== node.node.name && placed.y > y + radius) {
    const text = shorten(node.node.namespace, 24);
    const small = texts.height('small');
    put(room, labels, { text, style: 'small', colour: 'muted', of: node, width: texts.width(text, 'small') + 4, height: small },
      [[x, placed.y + height / 2 + small / 2 - 1]]);
  }
}

function linkLabel(
  room: Room, labels: Label[], link: SceneLink, zoom: number, label: ViewState['label'], texts: Texts,
): void {
  const text = linkText(link.link, label);
  if (text !== '') {
    putLinkLabel(room, labels, link, zoom, text, texts);
  }
}

function putLinkLabel(room: Room, labels: Label[], link: SceneLink, zoom: number, text: string, texts: Texts): void {
  const width = texts.width(text, 'link') + 8;
  const length = Math.hypot(link.x2 - link.x1, link.y2 - link.y1) * zoom;
  if (length < width * 0.8 && link.client !== link.server) {
    return;
  }

  put(room, labels, {
    text, style: 'link', of: link, width, height: texts.height('link'),
    colour: link.style === 'failing' ? 'bad' : link.style === 'new' ? 'good' : 'text',
  }, [0.5, 0.38, 0.62].map((t) => {
    const point = pointAt(link, t);
    return [point.x * zoom, point.y * zoom];
  }));
}

function put(room: Room, labels: Label[], label: Omit<Label, 'x' | 'y'>, spots: number[][], last = false): Label | null {
  for (const [x, y] of spots as [number, number][]) {
    const left = x - label.width / 2;
    const top = y - label.height / 2;
    if (room.isFree(left, top, left + label.width, top + label.height)) {
      room.take(left, top, left + label.width, top + label.height);
      const placed = { ...label, x, y };
      labels.push(placed);
      return placed;
    }
  }

  if (last) {
    const [x, y] = spots[0] as [number, number];
    const placed = { ...label, x, y };
    room.take(x - label.width / 2, y - label.height / 2, x + label.width / 2, y + label.height / 2);
    labels.push(placed);
    return placed;
  }

  return null;
}

/** Rectangles that are taken, found by the squares of a grid. */
class Room {
  #cells = new Map<number, number[]>();
  #boxes: number[] = [];

  isFree(left: number, top: number, right: number, bottom: number): boolean {
    for (let column = Math.floor(left / cell); column <= Math.floor(right / cell); column++) {
      for (let row = Math.floor(top / cell); row <= Math.floor(bottom / cell); row++) {
        const boxes = this.#cells.get(column * 100_003 + row);
        if (boxes?.some((box) => left < this.#boxes[box + 2]! && right > this.#boxes[box]! && top < this.#boxes[box + 3]!
          && bottom > this.#boxes[box + 1]!)) {
          return false;
        }
      }
    }

    return true;
  }

  take(left: number, top: number, right: number, bottom: number): void {
    const box = this.#boxes.length;
    this.#boxes.push(left, top, right, bottom);
    for (let column = Math.floor(left / cell); column <= Math.floor(right / cell); column++) {
      for (let row = Math.floor(top / cell); row <= Math.floor(bottom / cell); row++) {
        const key = column * 100_003 + row;
        const boxes = this.#cells.get(key);
        if (boxes) {
          boxes.push(box);
        } else {
          this.#cells.set(key, [box]);
        }
      }
    }
  }
}
