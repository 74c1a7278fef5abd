// Draws a scene. Things of one style are drawn at once: a stroke for each link would be too slow without a graphics card.

import type { Label } from './labels';
import { pointAt, type LinkStyle, type Scene, type SceneLink, type SceneNode } from './scene';
import type { Sprites } from './sprites';
import type { Colour, Theme } from './theme';

/** World to screen: multiply by k, then add x and y. */
export interface View {
  k: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Pens {
  context: CanvasRenderingContext2D;
  theme: Theme;
  sprites: Sprites;
}

/** Below this radius on screen a node is a dot. */
const iconRadius = 6.5;
const badgeRadius = 5;
const badgeFrom = 8;
const margin = 60;

/** Widths of lines on screen shrink with the zoom, but not as fast. */
export function lineScale(zoom: number): number {
  return Math.min(1.7, Math.max(0.45, Math.sqrt(zoom)));
}

/** The more there are, the fainter: what matters must be seen through all of them. */
export function crowdAlpha(links: number): number {
  return Math.min(1, Math.max(0.38, 1.6 - 0.37 * Math.log10(1 + links)));
}

/** What colour, opacity and dashes say of a link. */
export const linkLook: Record<LinkStyle, { colour: Colour; alpha: number; dash: number[] }> = {
  ok: { colour: 'edge', alpha: 0.62, dash: [] },
  silent: { colour: 'edge', alpha: 0.5, dash: [4, 4] },
  gone: { colour: 'muted', alpha: 0.6, dash: [1.5, 4] },
  new: { colour: 'good', alpha: 0.9, dash: [] },
  failing: { colour: 'bad', alpha: 0.95, dash: [] },
};

const paintOrder: LinkStyle[] = ['silent', 'ok', 'gone', 'new', 'failing'];

/** Everything, on an empty canvas. */
export function paintScene(pens: Pens, scene: Scene, view: View, labels: readonly Label[]): void {
  paintRegions(pens, scene, view);
  paintLinks(pens, scene.links, view, scene.links.length < 150 || view.k > 0.75, false);
  paintNodes(pens, scene.nodes, view);
  paintLabels(pens, labels, view);
}

/** Some things in full, over a paler rest. */
export function paintFocus(
  pens: Pens, nodes: readonly SceneNode[], links: readonly SceneLink[], view: View, labels: readonly Label[],
): void {
  paintLinks(pens, links, view, true, true);
  paintNodes(pens, nodes, view);
  paintLabels(pens, labels, view);
}

/** A ring around a node: it has the keyboard's focus, or is selected. */
export function paintRing(pens: Pens, node: SceneNode, view: View, isFocus: boolean): void {
  const { context, theme } = pens;
  context.beginPath();
  context.arc(node.x * view.k + view.x, node.y * view.k + view.y, Math.max(4, node.radius * view.k) + (isFocus ? 7 : 4.5), 0, 2 * Math.PI);
  context.lineWidth = isFocus ? 2.5 : 2;
  context.strokeStyle = theme.colour(isFocus ? 'focus' : 'text');
  context.stroke();
}

function paintRegions({ context, theme }: Pens, scene: Scene, view: View): void {
  for (const region of scene.regions) {
    context.beginPath();
    region.outline.forEach((point, index) => {
      if (index === 0) {
        context.moveTo(point.x * view.k + view.x, point.y * view.k + view.y);
      } else {
        context.lineTo(point.x * view.k + view.x, point.y * view.k + view.y);
      }
    });
    context.closePath();
    context.fillStyle = theme.colour(region.colour);
    context.globalAlpha = 0.07;
    context.fill();
    context.strokeStyle = theme.colour(region.colour);
    context.globalAlpha = 0.3;
    context.lineWidth = 1;
    context.stroke();
  }

  context.globalAlpha = 1;
}

function paintLinks(
  { context, theme }: Pens, links: readonly SceneLink[], view: View, withArrows: boolean, isFocus: boolean,
): void {
  const batches = new Map<string, SceneLink[]>();
  for (const link of links) {
    if (isVisible(link, view)) {
      const key = `${link.style} ${link.width}`;
      const batch = batches.get(key);
      if (batch) {
        batch.push(link);
      } else {
        batches.set(key, [link]);
      }
    }
  }

  const scale = lineScale(view.k);
  const batchesInOrder = [...batches.values()].sort((one, other) =>
    paintOrder.indexOf(one[0]!.style) - paintOrder.indexOf(other[0]!.style) || one[0]!.width - other[0]!.width);
  for (const batch of batchesInOrder) {
    const look = linkLook[batch[0]!.style];
    const width = batch[0]!.width * scale;
    context.strokeStyle = theme.colour(isFocus && look.colour === 'edge' ? 'accent' : look.colour);
    context.fillStyle = context.strokeStyle;
    context.globalAlpha = isFocus ? Math.max(0.85, look.alpha) : look.colour === 'edge' ? look.alpha * crowdAlpha(links.length) : look.alpha;
    context.lineWidth = width;
    context.setLineDash(look.dash);
    context.lineCap = look.dash.length > 0 ? 'butt' : 'round';
    context.beginPath();
    for (const link of batch) {
      context.moveTo(link.x1 * view.k + view.x, link.y1 * view.k + view.y);
      context.bezierCurveTo(link.cx1 * view.k + view.x, link.cy1 * view.k + view.y, link.cx2 * view.k + view.x, link.cy2 * view.k + view.y,
        link.x2 * view.k + view.x, link.y2 * view.k + view.y);
    }

    context.stroke();
    if (withArrows) {
      context.beginPath();
      for (const link of batch) {
        arrow(context, link, view, width);
      }

      context.globalAlpha = Math.max(0.85, look.alpha);
      context.fill();
    }
  }

  context.setLineDash([]);
  context.globalAlpha = 1;
}

function arrow(context: CanvasRenderingContext2D, link: SceneLink, view: View, width: number): void {
  const size = 5 + width * 1.1;
  const near = pointAt(link, 0.94);
  const dx = link.x2 - near.x;
  const dy = link.y2 - near.y;
  const length = Math.hypot(dx, dy) || 1;
  const ux = dx / length;
  const uy = dy / length;
  const x = link.x2 * view.k + view.x;
  const y = link.y2 * view.k + view.y;
  context.moveTo(x, y);
  context.lineTo(x - ux * size - uy * size * 0.5, y - uy * size + ux * size * 0.5);
  context.lineTo(x - ux * size * 0.7, y - uy * size * 0.7);
  context.lineTo(x - ux * size + uy * size * 0.5, y - uy * size - ux * size * 0.5);
  context.closePath();
}

function paintNodes(pens: Pens, nodes: readonly SceneNode[], view: View): void {
  const { context, theme } = pens;
  const visible = nodes.filter((node) => {
    const x = node.x * view.k + view.x;
    const y = node.y * view.k + view.y;
    return x > -margin && x < view.width + margin && y > -margin && y < view.height + margin;
  });
  const outline = (node: SceneNode, grow: number) => {
    const x = node.x * view.k + view.x;
    const y = node.y * view.k + view.y;
    const radius = Math.max(2.5, node.radius * view.k) + grow;
    if (node.node.fold !== 'none') {
      context.roundRect(x - radius, y - radius * 0.82, radius * 2, radius * 1.64, radius * 0.35);
    } else {
      context.moveTo(x + radius, y);
      context.arc(x, y, radius, 0, 2 * Math.PI);
    }
  };

  // What is behind must not shine through.
  context.fillStyle = theme.colour('background');
  context.beginPath();
  visible.forEach((node) => outline(node, view.k * 2));
  context.fill();

  // A second card behind folded ones.
  const folded = visible.filter((node) => node.node.fold !== 'none');
  for (const node of folded) {
    const shift = Math.max(2, node.radius * view.k * 0.16);
    context.beginPath();
    outline({ ...node, x: node.x + shift / view.k, y: node.y - shift / view.k }, 0);
    context.globalAlpha = 0.35;
    context.fillStyle = theme.colour(node.colour);
    context.fill();
    context.globalAlpha = 1;
  }

  const batches = new Map<string, SceneNode[]>();
  for (const node of visible) {
    const key = `${node.colour} ${fillOf(node)}`;
    const batch = batches.get(key);
    if (batch) {
      batch.push(node);
    } else {
      batches.set(key, [node]);
    }
  }

  for (const batch of batches.values()) {
    const first = batch[0]!;
    const fill = fillOf(first);
    const colour = theme.colour(first.colour);
    context.beginPath();
    batch.forEach((node) => outline(node, fill === 'full' ? 0 : -0.75));
    context.globalAlpha = fill === 'ghost' ? 0.55 : 1;
    context.fillStyle = fill === 'full' ? colour : theme.colour('surface');
    context.fill();
    if (fill !== 'full') {
      context.lineWidth = 1.5;
      context.strokeStyle = colour;
      context.setLineDash(fill === 'hollow' ? [] : [3, 2.5]);
      context.stroke();
      context.setLineDash([]);
    }
  }

  context.globalAlpha = 1;
  const failing = visible.filter((node) => node.node.health === 'failing');
  context.beginPath();
  failing.forEach((node) => outline(node, view.k < 0.6 ? 1.5 : 2.5));
  context.strokeStyle = theme.colour('bad');
  context.lineWidth = view.k < 0.6 ? 1.5 : 2;
  context.stroke();
  visible.forEach((node) => paintInside(pens, node, view));
  visible.forEach((node) => paintBadge(pens, node, view));
}

/** Full: traffic. Hollow: none now. Dashed: an address that nobody knows. Ghost: gone. */
function fillOf(node: SceneNode): 'full' | 'hollow' | 'dashed' | 'ghost' {
  return node.node.change === 'gone' ? 'ghost' : node.node.unresolved ? 'dashed' : node.node.health === 'silent' ? 'hollow' : 'full';
}

function paintInside({ context, theme, sprites }: Pens, node: SceneNode, view: View): void {
  const radius = node.radius * view.k;
  if (radius < iconRadius) {
    return;
  }

  const x = node.x * view.k + view.x;
  const y = node.y * view.k + view.y;
  const colour: Colour = fillOf(node) === 'full' ? 'surface' : node.colour;
  if (node.node.fold === 'none') {
    sprites.icon(context, node.icon, colour, radius * 1.25, x, y);
    return;
  }

  context.fillStyle = theme.colour(colour);
  context.font = `700 ${Math.max(9, Math.round(radius * 0.72))}px ${theme.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(String(node.node.members), x, y + 0.5);
}

// A sign besides the colour: "!" failing, "+" new, "−" gone.
function paintBadge({ context, theme }: Pens, node: SceneNode, view: View): void {
  const change = node.node.change;
  const sign = change === 'new' ? '+' : change === 'gone' ? '−' : node.node.health === 'failing' ? '!' : '';
  const radius = node.radius * view.k;
  if (sign === '' || radius < badgeFrom) {
    return;
  }

  const x = node.x * view.k + view.x + radius * 0.78;
  const y = node.y * view.k + view.y - radius * 0.78;
  const size = Math.min(8, Math.max(badgeRadius, radius * 0.42));
  context.beginPath();
  context.arc(x, y, size, 0, 2 * Math.PI);
  context.fillStyle = theme.colour(sign === '+' ? 'good' : sign === '−' ? 'muted' : 'bad');
  context.fill();
  context.strokeStyle = theme.colour('background');
  context.lineWidth = 1.5;
  context.stroke();
  context.fillStyle = theme.colour('surface');
  context.font = `700 ${Math.round(size * 1.6)}px ${theme.font}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  context.fillText(sign, x, y + 0.5);
}

function paintLabels({ context, sprites }: Pens, labels: readonly Label[], view: View): void {
  for (const label of labels) {
    const x = label.x + view.x;
    const y = label.y + view.y;
    if (x + label.width > 0 && x - label.width < view.width && y > -20 && y < view.height + 20) {
      sprites.text(context, label.text, label.style, label.colour, x, y);
    }
  }
}

function isVisible(link: SceneLink, view: View): boolean {
  const left = Math.min(link.x1, link.x2, link.cx1, link.cx2) * view.k + view.x;
  const right = Math.max(link.x1, link.x2, link.cx1, link.cx2) * view.k + view.x;
  const top = Math.min(link.y1, link.y2, link.cy1, link.cy2) * view.k + view.y;
  const bottom = Math.max(link.y1, link.y2, link.cy1, link.cy2) * view.k + view.y;
  return right >= 0 && left <= view.width && bottom >= 0 && top <= view.height;
}
