import { faceWordsFor } from '../face-words';
import type { ServerMessage } from '../messages';
import { type Colours, paletteOf } from './colours';
import { drawPage } from './draw-page';
import { drawConnected, drawEnd, drawPush, drawQueue, drawSurvey, drawText } from './draw-views';
import type { Scene } from './scene';
import { Sheet } from './sheet';
import { metricsOf, type Size } from './sizes';

export interface LayoutOptions {
  readonly size: Size;
  readonly locale: string;
  readonly colours: Colours;
  /** Names of the images that could be loaded; see `imagesOf`. */
  readonly images: ReadonlySet<string>;
}

/** A message as a picture that is not drawn yet. Pure: the same message and options give the same scene. */
export function layOut(message: ServerMessage, { size, locale, colours, images }: LayoutOptions): Scene {
  const metrics = metricsOf(size);
  const width = (metrics.height * size.width) / size.height;
  const palette = paletteOf(colours);
  const sheet = new Sheet({ width, metrics, palette, words: faceWordsFor(locale), images });
  draw(sheet, message);

  return { width, height: metrics.height, palette, shapes: sheet.shapes };
}

function draw(sheet: Sheet, message: ServerMessage): void {
  switch (message.type) {
    case 'page':
      return drawPage(sheet, message);
    case 'queue':
      return drawQueue(sheet, message);
    case 'connected':
      return drawConnected(sheet, message);
    case 'push':
      return drawPush(sheet, message);
    case 'text':
      return drawText(sheet, message);
    case 'survey':
      return drawSurvey(sheet, message);
    case 'end':
      return drawEnd(sheet, message);
  }
}

/** The addresses of the images that a message shows. */
export function imagesOf(message: ServerMessage): string[] {
  if (message.type === 'page') return message.image === undefined ? [] : [message.image];
  if (message.type === 'connected') return message.agent.photo === undefined ? [] : [message.agent.photo];
  if (message.type === 'push') return message.kind === 'image' && message.url !== undefined ? [message.url] : [];

  return [];
}
