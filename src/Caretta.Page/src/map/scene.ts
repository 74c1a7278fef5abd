// A graph with places: all that drawing, pointing and exporting need to know, in world units.

import { layerGap, rowGap } from '../layout/types';
import type { Graph, GraphLink, GraphNode } from '../model/graph';
import { hull, type Point } from './hull';
import { iconOf, type IconName } from './icons';
import { namespaceColour, type Colour } from './theme';

export interface SceneNode {
  node: GraphNode;
  x: number;
  y: number;
  radius: number;
  colour: Colour;
  icon: IconName;
  label: string;
  links: SceneLink[];
}

export type LinkStyle = 'ok' | 'failing' | 'silent' | 'new' | 'gone';

/** A cubic curve from the client's edge to the server's. */
export interface SceneLink {
  link: GraphLink;
  client: SceneNode;
  server: SceneNode;
  style: LinkStyle;
  width: number;
  x1: number;
  y1: number;
  cx1: number;
  cy1: number;
  cx2: number;
  cy2: number;
  x2: number;
  y2: number;
}

/** Around the nodes of one namespace. */
export interface SceneRegion {
  namespace: string;
  colour: Colour;
  outline: Point[];
  members: number;
  /** Where its name goes: the middle of its upper edge. */
  x: number;
  y: number;
}

export interface Scene {
  nodes: SceneNode[];
  links: SceneLink[];
  regions: SceneRegion[];
  byKey: Map<string, SceneNode>;
  linkByKey: Map<string, SceneLink>;
  compared: boolean;
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const regionPadding = 40;
const maxLabel = 32;

/** The group of a node in the layout: its namespace, unless it stands alone. */
export function groupOf(node: GraphNode, namespaces: number): string {
  return node.fold !== 'none' || node.kind === 'external' || namespaces < 2 ? '' : node.namespace;
}

/** Namespaces of workloads that are not folded. */
export function openNamespaces(nodes: readonly GraphNode[]): number {
  return new Set(nodes.filter((node) => node.fold === 'none' && node.kind !== 'external').map((node) => node.namespace)).size
    + new Set(nodes.filter((node) => node.fold === 'namespace').map((node) => node.namespace)).size;
}

/** What has a place. */
export function makeScene(graph: Graph, places: ReadonlyMap<string, Point>, layout: 'force' | 'layers', compared: boolean): Scene {
  const scene: Scene = {
    nodes: [], links: [], regions: [], byKey: new Map(), linkByKey: new Map(), compared, left: Infinity, top: Infinity, right: -Infinity,
    bottom: -Infinity,
  };
  for (const node of graph.nodes) {
    const place = places.get(node.key);
    if (place) {
      const item: SceneNode = {
        node, x: place.x, y: place.y, radius: radiusOf(node), colour: namespaceColour(node.namespace),
        icon: iconOf(node.kind, node.unresolved), label: labelOf(node), links: [],
      };
      scene.nodes.push(item);
      scene.byKey.set(node.key, item);
      scene.left = Math.min(scene.left, item.x - item.radius);
      scene.right = Math.max(scene.right, item.x + item.radius);
      scene.top = Math.min(scene.top, item.y - item.radius);
      scene.bottom = Math.max(scene.bottom, item.y + item.radius + 18);
    }
  }

  const pairs = new Set(graph.links.map((link) => link.key));
  for (const link of graph.links) {
    const client = scene.byKey.get(link.client.key);
    const server = scene.byKey.get(link.server.key);
    if (client && server) {
      const item: SceneLink = {
        link, client, server, style: styleOf(link), width: widthOf(link), x1: 0, y1: 0, cx1: 0, cy1: 0, cx2: 0, cy2: 0, x2: 0, y2: 0,
      };
      bend(item, layout, pairs.has(`${link.server.key}>${link.client.key}`));
      scene.links.push(item);
      scene.linkByKey.set(link.key, item);
      client.links.push(item);
      if (server !== client) {
        server.links.push(item);
      }
    }
  }

  if (layout === 'force') {
    addRegions(scene, openNamespaces(graph.nodes));
  }

  return scene;
}

/** What a name looks like on the map: short, in one line, without marks that turn text around. */
export function shorten(name: string, most = maxLabel): string {
  const clean = name.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g, '\ufffd');
  if (clean.length <= most) {
    return clean;
  }

  const letters = [...clean];
  return letters.length <= most ? clean
    : `${letters.slice(0, Math.ceil(most * 0.6)).join('')}…${letters.slice(-Math.floor(most * 0.35)).join('')}`;
}

/** A point of a link's curve, `t` from 0 at the client to 1 at the server. */
export function pointAt(link: SceneLink, t: number): Point {
  const u = 1 - t;
  const a = u * u * u;
  const b = 3 * u * u * t;
  const c = 3 * u * t * t;
  const d = t * t * t;
  return {
    x: a * link.x1 + b * link.cx1 + c * link.cx2 + d * link.x2,
    y: a * link.y1 + b * link.cy1 + c * link.cy2 + d * link.y2,
  };
}

function labelOf(node: GraphNode): string {
  return node.fold === 'external' ? 'external' : shorten(node.name);
}

// By a factor of ten in traffic a bit larger: all sizes fit the room that the layout gives each node.
function radiusOf(node: GraphNode): number {
  const traffic = Math.log10(1 + (node.bytesInPerSecond + node.bytesOutPerSecond) / 10);
  return Math.min(26, (node.fold === 'none' ? 11 : 16) + 1.7 * traffic);
}

function widthOf(link: GraphLink): number {
  let rate = link.bytesToServerPerSecond + link.bytesToClientPerSecond;
  if (link.change === 'gone') {
    rate = link.ports.reduce((sum, port) => sum + (port.before ? port.before.bytesToServerPerSecond + port.before.bytesToClientPerSecond : 0), 0);
  }

  // In steps, so that many links are drawn at once.
  return Math.min(7, 1 + Math.round(Math.log10(1 + rate / 100) * 2) / 2);
}

function styleOf(link: GraphLink): LinkStyle {
  return link.change === 'gone' ? 'gone' : link.health === 'failing' ? 'failing' : link.change === 'new' ? 'new'
    : link.health === 'silent' ? 'silent' : 'ok';
}

// There and back lie on either side of the straight line: each bows to its own left.
function bend(item: SceneLink, layout: 'force' | 'layers', both: boolean): void {
  const { client, server } = item;
  if (client === server) {
    const reach = client.radius * 2.2;
    const edge = client.radius * 0.75;
    Object.assign(item, {
      x1: client.x - edge, y1: client.y - edge, cx1: client.x - reach, cy1: client.y - reach * 1.3,
      cx2: client.x + reach, cy2: client.y - reach * 1.3, x2: client.x + edge, y2: client.y - edge,
    });
    return;
  }

  const dx = server.x - client.x;
  const dy = server.y - client.y;
  const distance = Math.hypot(dx, dy) || 1;
  if (layout === 'layers' && dx > client.radius + server.radius + 20) {
    const shift = both ? -4 : 0;
    item.x1 = client.x + client.radius;
    item.y1 = client.y + shift;
    item.x2 = server.x - server.radius;
    item.y2 = server.y + shift;
    const reach = (item.x2 - item.x1) * 0.45;
    const lift = dx > layerGap * 1.4 && Math.abs(dy) < rowGap ? rowGap * 1.2 : 0; // round those in between
    item.cx1 = item.x1 + reach;
    item.cy1 = item.y1 - lift;
    item.cx2 = item.x2 - reach;
    item.cy2 = item.y2 - lift;
    return;
  }

  const bow = Math.min(distance * (both ? 0.16 : 0.09), 70);
  const mx = (client.x + server.x) / 2 + dy / distance * bow;
  const my = (client.y + server.y) / 2 - dx / distance * bow;
  const first = Math.hypot(mx - client.x, my - client.y) || 1;
  const second = Math.hypot(mx - server.x, my - server.y) || 1;
  item.x1 = client.x + (mx - client.x) / first * (client.radius + 1);
  item.y1 = client.y + (my - client.y) / first * (client.radius + 1);
  item.x2 = server.x + (mx - server.x) / second * (server.radius + 2);
  item.y2 = server.y + (my - server.y) / second * (server.radius + 2);
  item.cx1 = item.x1 + (mx - item.x1) * 2 / 3;
  item.cy1 = item.y1 + (my - item.y1) * 2 / 3;
  item.cx2 = item.x2 + (mx - item.x2) * 2 / 3;
  item.cy2 = item.y2 + (my - item.y2) * 2 / 3;
}

function addRegions(scene: Scene, namespaces: number): void {
  const groups = new Map<string, SceneNode[]>();
  for (const node of scene.nodes) {
    const group = groupOf(node.node, namespaces);
    if (group !== '') {
      const members = groups.get(group);
      if (members) {
        members.push(node);
      } else {
        groups.set(group, [node]);
      }
    }
  }

  for (const [namespace, members] of groups) {
    const outline = hull(members, regionPadding);
    const top = outline.reduce((least, point) => Math.min(least, point.y), Infinity);
    const left = outline.reduce((least, point) => Math.min(least, point.x), Infinity);
    const right = outline.reduce((most, point) => Math.max(most, point.x), -Infinity);
    const highest = members.reduce((one, other) => (other.y < one.y ? other : one));
    scene.regions.push({
      namespace, colour: namespaceColour(namespace), outline, members: members.length, x: highest.x, y: top,
    });
    scene.left = Math.min(scene.left, left);
    scene.right = Math.max(scene.right, right);
    scene.top = Math.min(scene.top, top - 16);
    scene.bottom = Math.max(scene.bottom, outline.reduce((most, point) => Math.max(most, point.y), -Infinity));
  }
}
