// What is on screen as a picture.

import { currentSurface } from './current';
import { iconPaths } from './icons';
import type { Label } from './labels';
import { lineScale, linkLook, paintScene, type View } from './paint';
import { pointAt, type SceneLink, type SceneNode } from './scene';
import { Sprites } from './sprites';
import type { Theme } from './theme';

/** As vectors. Empty while the map is not shown. */
export function exportSvg(): string {
  const picture = currentSurface()?.picture;
  if (!picture) {
    return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>';
  }

  const { scene, view, labels, theme, textScale } = picture;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${n(view.width)}" height="${n(view.height)}" viewBox="0 0 ${n(view.width)} ${n(view.height)}"`
    + ` font-family="${escape(theme.font)}" stroke-linecap="round" stroke-linejoin="round">`,
    `<rect width="100%" height="100%" fill="${escape(theme.colour('background'))}"/>`,
    `<g transform="translate(${n(view.x)} ${n(view.y)}) scale(${n(view.k, 5)})">`,
    ...scene.regions.map((region) => `<path d="M${region.outline.map((point) => `${n(point.x)} ${n(point.y)}`).join('L')}Z"`
      + ` fill="${theme.colour(region.colour)}" fill-opacity=".07" stroke="${theme.colour(region.colour)}" stroke-opacity=".3"/>`),
    ...scene.links.map((link) => linkElement(link, view, theme)),
    ...scene.nodes.map((node) => nodeElement(node, theme)),
    '</g>',
    ...labels.map((label) => labelElement(label, view, theme, textScale)),
    '</svg>',
  ];
  return parts.join('\n');
}

/** As dots, two for each pixel of the screen at least. */
export async function exportPng(): Promise<Blob> {
  const picture = currentSurface()?.picture;
  const canvas = document.createElement('canvas');
  if (picture) {
    const { scene, view, labels, theme } = picture;
    const ratio = Math.max(2, devicePixelRatio || 1);
    canvas.width = Math.round(view.width * ratio);
    canvas.height = Math.round(view.height * ratio);
    const context = canvas.getContext('2d')!;
    context.scale(ratio, ratio);
    context.fillStyle = theme.colour('background');
    context.fillRect(0, 0, view.width, view.height);
    const sprites = new Sprites();
    sprites.prepare(theme, ratio, picture.textScale);
    paintScene({ context, theme, sprites }, scene, view, labels);
  }

  return new Promise((resolve, reject) => canvas.toBlob((blob) => {
    if (blob) {
      resolve(blob);
    } else {
      reject(new Error('the picture is too large for this browser'));
    }
  }, 'image/png'));
}

function linkElement(link: SceneLink, view: View, theme: Theme): string {
  const look = linkLook[link.style];
  const width = link.width * lineScale(view.k) / view.k;
  const colour = escape(theme.colour(look.colour));
  const dash = look.dash.length > 0 ? ` stroke-dasharray="${look.dash.map((length) => n(length / view.k)).join(' ')}"` : '';
  const size = (5 + link.width * 1.1) / view.k;
  const near = pointAt(link, 0.94);
  const length = Math.hypot(link.x2 - near.x, link.y2 - near.y) || 1;
  const ux = (link.x2 - near.x) / length * size;
  const uy = (link.y2 - near.y) / length * size;
  return `<g opacity="${look.alpha}"><title>${escape(`${link.client.node.name} → ${link.server.node.name}`)}</title>`
    + `<path d="M${n(link.x1)} ${n(link.y1)}C${n(link.cx1)} ${n(link.cy1)} ${n(link.cx2)} ${n(link.cy2)} ${n(link.x2)} ${n(link.y2)}"`
    + ` fill="none" stroke="${colour}" stroke-width="${n(width)}"${dash}/>`
    + `<path d="M${n(link.x2)} ${n(link.y2)}L${n(link.x2 - ux - uy / 2)} ${n(link.y2 - uy + ux / 2)}`
    + `L${n(link.x2 - ux + uy / 2)} ${n(link.y2 - uy - ux / 2)}Z" fill="${colour}"/></g>`;
}

function nodeElement(item: SceneNode, theme: Theme): string {
  const { node, radius } = item;
  const colour = escape(theme.colour(item.colour));
  const surface = escape(theme.colour('surface'));
  const isFull = node.health !== 'silent' && !node.unresolved && node.change !== 'gone';
  const paint = `fill="${isFull ? colour : surface}" stroke="${colour}" stroke-width="1.5"`
    + (node.unresolved || node.change === 'gone' ? ' stroke-dasharray="3 2.5"' : '');
  const inside = node.fold === 'none'
    ? `<circle r="${n(radius)}" ${paint}/><path transform="scale(${n(radius * 1.25 / 24, 4)}) translate(-12 -12)" d="${iconPaths[item.icon]}"`
      + ` fill="none" stroke="${isFull ? surface : colour}" stroke-width="2.2"/>`
    : `<rect x="${n(-radius)}" y="${n(-radius * 0.82)}" width="${n(radius * 2)}" height="${n(radius * 1.64)}" rx="${n(radius * 0.35)}" ${paint}/>`
      + `<text text-anchor="middle" dominant-baseline="central" font-weight="700" font-size="${n(radius * 0.72)}"`
      + ` fill="${isFull ? surface : colour}">${node.members}</text>`;
  const ring = node.health === 'failing'
    ? `<circle r="${n(radius + 3)}" fill="none" stroke="${escape(theme.colour('bad'))}" stroke-width="2"/>` : '';
  return `<g transform="translate(${n(item.x)} ${n(item.y)})"${node.change === 'gone' ? ' opacity=".55"' : ''}>`
    + `<title>${escape(`${node.name} (${node.kind}, ${node.namespace})`)}</title>${inside}${ring}</g>`;
}

function labelElement(label: Label, view: View, theme: Theme, textScale: number): string {
  const size = (label.style === 'small' || label.style === 'link' ? 11 : 12) * textScale;
  const weight = label.style === 'strong' || label.style === 'region' ? 650 : 500;
  return `<text x="${n(label.x + view.x)}" y="${n(label.y + view.y)}" text-anchor="middle" dominant-baseline="central" font-size="${size}"`
    + ` font-weight="${weight}" fill="${escape(theme.colour(label.style === 'region' ? 'text' : label.colour))}"`
    + ` stroke="${escape(theme.colour('background'))}" stroke-width="3" paint-order="stroke">${escape(label.text)}</text>`;
}

function n(value: number, digits = 2): string {
  return String(Number(value.toFixed(digits)));
}

function escape(text: string): string {
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '\ufffd')
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
