// Texts and icons as small pictures, each drawn once: writing text is the dearest part of a frame.

import { iconPaths, type IconName } from './icons';
import type { TextStyle, Texts } from './labels';
import type { Colour, Theme } from './theme';

const maxSprites = 6000;

const fonts: Record<TextStyle, { weight: number; size: number; height: number }> = {
  name: { weight: 500, size: 12, height: 15 },
  strong: { weight: 650, size: 12, height: 15 },
  small: { weight: 400, size: 11, height: 13 },
  region: { weight: 650, size: 12, height: 18 },
  link: { weight: 500, size: 11, height: 15 },
};

interface Sprite {
  picture: HTMLCanvasElement;
  /** Of the picture, in CSS pixels. */
  width: number;
  height: number;
}

export class Sprites implements Texts {
  #sprites = new Map<string, Sprite>();
  #widths = new Map<string, number>();
  #ruler = document.createElement('canvas').getContext('2d')!;
  #signature = '';
  #theme!: Theme;
  #ratio = 1;
  #scale = 1;

  /** Forgets pictures made for another theme or screen. `scale` enlarges texts. */
  prepare(theme: Theme, ratio: number, scale: number): void {
    const signature = `${theme.signature} ${ratio} ${scale}`;
    if (signature !== this.#signature) {
      this.#signature = signature;
      this.#sprites.clear();
      this.#widths.clear();
    }

    this.#scale = scale;

    this.#theme = theme;
    this.#ratio = ratio;
  }

  /** Width of a text in CSS pixels. */
  width(text: string, style: TextStyle): number {
    const key = `${style} ${text}`;
    let width = this.#widths.get(key);
    if (width === undefined) {
      if (this.#widths.size > 4 * maxSprites) {
        this.#widths.clear();
      }

      this.#ruler.font = this.#font(style);
      width = this.#ruler.measureText(text).width;
      this.#widths.set(key, width);
    }

    return width;
  }

  height(style: TextStyle): number {
    return fonts[style].height * this.#scale;
  }

  /** A text with a rim of the background, so that it can be read over anything; its middle comes to the point. */
  text(context: CanvasRenderingContext2D, text: string, style: TextStyle, colour: Colour, x: number, y: number): void {
    const key = `${style} ${colour} ${text}`;
    const sprite = this.#sprites.get(key) ?? this.#make(key, this.width(text, style) + (style === 'region' ? 16 : 8), this.height(style) + 4,
      (own, width, height) => {
        if (style === 'region' || style === 'link') {
          own.beginPath();
          own.roundRect(1, 2, width - 2, height - 4, (height - 4) / 2);
          own.globalAlpha = style === 'region' ? 1 : 0.86;
          own.fillStyle = this.#theme.colour(style === 'region' ? 'surface' : 'background');
          own.fill();
          own.globalAlpha = 1;
          if (style === 'region') {
            own.strokeStyle = this.#theme.colour(colour);
            own.stroke();
          }
        }

        own.font = this.#font(style);
        own.textAlign = 'center';
        own.textBaseline = 'middle';
        own.direction = 'ltr';
        if (style !== 'region' && style !== 'link') {
          own.lineJoin = 'round';
          own.lineWidth = 3.5;
          own.strokeStyle = this.#theme.colour('background');
          own.strokeText(text, width / 2, height / 2 + 0.5);
        }

        own.fillStyle = this.#theme.colour(style === 'region' ? 'text' : colour);
        own.fillText(text, width / 2, height / 2 + 0.5);
      });
    this.#draw(context, sprite, x, y);
  }

  /** An icon of this size; its middle comes to the point. */
  icon(context: CanvasRenderingContext2D, icon: IconName, colour: Colour, size: number, x: number, y: number): void {
    const even = Math.max(8, Math.round(size / 2) * 2);
    const key = `icon ${icon} ${colour} ${even}`;
    const sprite = this.#sprites.get(key) ?? this.#make(key, even, even, (own) => {
      own.scale(even / 24, even / 24);
      own.lineWidth = Math.min(2.4, Math.max(1.9, 30 / even));
      own.lineCap = 'round';
      own.lineJoin = 'round';
      own.strokeStyle = this.#theme.colour(colour);
      own.stroke(new Path2D(iconPaths[icon]));
    });
    this.#draw(context, sprite, x, y);
  }

  #font(style: TextStyle): string {
    return `${fonts[style].weight} ${fonts[style].size * this.#scale}px ${this.#theme.font}`;
  }

  #make(key: string, width: number, height: number, draw: (own: CanvasRenderingContext2D, width: number, height: number) => void): Sprite {
    if (this.#sprites.size > maxSprites) {
      this.#sprites.clear();
    }

    const picture = document.createElement('canvas');
    picture.width = Math.ceil(width * this.#ratio);
    picture.height = Math.ceil(height * this.#ratio);
    const own = picture.getContext('2d')!;
    own.scale(this.#ratio, this.#ratio);
    draw(own, width, height);
    const sprite = { picture, width: picture.width / this.#ratio, height: picture.height / this.#ratio };
    this.#sprites.set(key, sprite);
    return sprite;
  }

  // On whole pixels of the screen: otherwise letters blur.
  #draw(context: CanvasRenderingContext2D, sprite: Sprite, x: number, y: number): void {
    const left = Math.round((x - sprite.width / 2) * this.#ratio) / this.#ratio;
    const top = Math.round((y - sprite.height / 2) * this.#ratio) / this.#ratio;
    context.drawImage(sprite.picture, left, top, sprite.width, sprite.height);
  }
}
