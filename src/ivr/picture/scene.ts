import type { Palette } from './colours';
import type { Weight } from './metrics';

/** What a picture is made of; lengths in the units of its scene. */
export type Shape =
  | { kind: 'rect'; x: number; y: number; width: number; height: number; radius: number; fill: string; line?: string }
  | { kind: 'circle'; x: number; y: number; radius: number; fill: string; line?: string }
  | { kind: 'text'; x: number; y: number; text: string; size: number; weight: Weight; fill: string; anchor: Anchor }
  | {
      kind: 'image';
      x: number;
      y: number;
      width: number;
      height: number;
      name: string;
      align: ImageAlign;
    };

/** Where an image stands in its area when it is fitted in whole; `round` fills a circle with its middle. */
export type ImageAlign = 'left' | 'middle' | 'right' | 'round';
export type Anchor = 'start' | 'middle' | 'end';

/** A picture before it is drawn: `height` is 480 or 240 units, `width` follows from its proportions. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly palette: Palette;
  readonly shapes: readonly Shape[];
}

/** An image by the name that shapes have for it. */
export interface LoadedImage {
  readonly href: string;
}

/** The scene as SVG 1.1. */
export function svgOf(scene: Scene, families: string, images: ReadonlyMap<string, LoadedImage>): string {
  const { width, height, palette } = scene;
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 ${n(width)} ${n(height)}">` +
    `<defs><linearGradient id="ground" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${palette.top}"/>` +
    `<stop offset="1" stop-color="${palette.bottom}"/></linearGradient></defs>` +
    `<rect width="100%" height="100%" fill="url(#ground)"/>`;

  return `${head}<g font-family="${families}">${scene.shapes.map((shape) => draw(shape, images)).join('')}</g></svg>`;
}

function draw(shape: Shape, images: ReadonlyMap<string, LoadedImage>): string {
  switch (shape.kind) {
    case 'rect':
      return `<rect x="${n(shape.x)}" y="${n(shape.y)}" width="${n(shape.width)}" height="${n(shape.height)}" rx="${n(shape.radius)}" ${paint(shape)}/>`;
    case 'circle':
      return `<circle cx="${n(shape.x)}" cy="${n(shape.y)}" r="${n(shape.radius)}" ${paint(shape)}/>`;
    case 'text':
      return drawText(shape);
    case 'image':
      return drawImage(shape, images.get(shape.name));
  }
}

/** The font for Chinese, Japanese and Korean has one weight: its bold is made by an outline. */
const HAN = /[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]/u;

function drawText(shape: Extract<Shape, { kind: 'text' }>): string {
  const { x, y, size, weight, anchor, fill, text } = shape;
  const place = `x="${n(x)}" y="${n(y)}" font-size="${n(size)}" text-anchor="${anchor}"`;
  const outline = weight === 'bold' && HAN.test(text) ? ` stroke="${fill}" stroke-width="${n(size * 0.035)}"` : '';

  return `<text ${place} font-weight="${weight === 'bold' ? 700 : 400}" fill="${fill}"${outline}>${escaped(text)}</text>`;
}

function drawImage(shape: Extract<Shape, { kind: 'image' }>, image: LoadedImage | undefined): string {
  if (!image) return '';
  const { x, y, width, height, align } = shape;
  const fit = { left: 'xMinYMid meet', middle: 'xMidYMid meet', right: 'xMaxYMid meet', round: 'xMidYMid slice' }[
    align
  ];
  const area = `x="${n(x)}" y="${n(y)}" width="${n(width)}" height="${n(height)}"`;
  const drawn = `<image ${area} preserveAspectRatio="${fit}" xlink:href="${image.href}"/>`;
  if (align !== 'round') return drawn;
  const id = `round${n(x)}-${n(y)}`;
  const circle = `<circle cx="${n(x + width / 2)}" cy="${n(y + height / 2)}" r="${n(Math.min(width, height) / 2)}"/>`;

  return `<clipPath id="${id}">${circle}</clipPath><g clip-path="url(#${id})">${drawn}</g>`;
}

function paint({ fill, line }: { fill: string; line?: string }): string {
  return line === undefined ? `fill="${fill}"` : `fill="${fill}" stroke="${line}" stroke-width="1.5"`;
}

function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** Text for XML 1.0: what it cannot hold is left out. */
export function escaped(text: string): string {
  return text
    .replace(/[\u0000-\u001f\ufffe\uffff]|\p{Surrogate}/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
