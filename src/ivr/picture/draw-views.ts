import { estimateIn, farewellIn, filled } from '../face-words';
import { CALLBACK_KEY } from '../keys';
import type { ConnectedMessage, EndMessage, PushMessage, QueueMessage, SurveyMessage, TextMessage } from '../messages';
import { charactersOf, widthOf } from './metrics';
import type { Sheet } from './sheet';
import { wrapAtMost } from './wrap';
import { arrangeToFit } from './body';

/** The place in the queue, large; what is to be expected; one dot for each who waits. */
export function drawQueue(sheet: Sheet, message: QueueMessage): void {
  const { metrics, palette, width, words } = sheet.frame;
  const { position: place, waiting } = message;
  const top = sheet.head(message.queue);
  const has = (action: string): boolean => message.actions.includes(action);
  const foot = sheet.foot([
    ...(has('home') ? [{ key: '*', label: words.menu }] : []),
    ...(has('callback') ? [{ key: CALLBACK_KEY, label: words.callMeBack }] : []),
  ]);
  const area = { x: metrics.margin, y: top, width: width - metrics.margin * 2, height: foot - top - metrics.gap * 1.5 };
  sheet.card(area, metrics.margin * 0.6);
  const room = area.width - metrics.margin * 2;
  const middle = width / 2;
  const centred = (text: string, share: number, size: number, fill: string, bold = false): void => {
    const weight = bold ? 'bold' : 'regular';
    const fits = Math.min(size, room / widthOf(text, weight));
    sheet.line(text, { x: middle, y: top + area.height * share, size: fits, fill, weight, anchor: 'middle' });
  };
  centred(filled(words.place, { place, waiting }), 0.27, metrics.huge, palette.accent, true);
  drawWaiting(sheet, place, waiting, { y: top + area.height * 0.5, room });
  centred(estimateIn(words, message.estimate as [number, number]), 0.69, metrics.label * 1.15, palette.text);
  centred(place === 1 ? words.youAreNext : words.pleaseWait, 0.86, metrics.text * 0.92, palette.muted);
}

/** One dot for each who waits, up to a dozen; the own one stands out. */
function drawWaiting(sheet: Sheet, place: number, waiting: number, at: { y: number; room: number }): void {
  const { metrics, palette, width } = sheet.frame;
  const count = Math.min(waiting, 12);
  const own = Math.min(place, count);
  const step = Math.min(metrics.huge * 0.62, at.room / count);
  const start = width / 2 - ((count - 1) * step) / 2;
  for (let i = 0; i < count; i++) {
    const isOwn = i + 1 === own;
    const fill = isOwn ? palette.accent : palette.line;
    sheet.circle(start + i * step, at.y, step * (isOwn ? 0.34 : 0.24), fill);
  }
}

/** Who the person is about to talk to. */
export function drawConnected(sheet: Sheet, { agent }: ConnectedMessage): void {
  const { metrics, palette, width, words } = sheet.frame;
  const { height } = metrics;
  const radius = height * 0.2;
  const middle = { x: width / 2, y: height * 0.34 };
  sheet.circle(middle.x, middle.y, radius * 1.06, palette.accent);
  sheet.circle(middle.x, middle.y, radius, palette.bottom);
  const side = radius * 2;
  const face = { x: middle.x - side / 2, y: middle.y - side / 2, width: side, height: side };
  if (agent.photo === undefined || !sheet.image(agent.photo, face, 'round')) {
    const initial = charactersOf(agent.name.trim())[0] ?? '';
    sheet.line(initial.toUpperCase(), { ...middle, size: radius * 0.95, weight: 'bold', anchor: 'middle' });
  }
  const room = width - metrics.margin * 2;
  const said = { x: middle.x, y: height * 0.68, size: metrics.text, fill: palette.muted, anchor: 'middle' } as const;
  sheet.line(words.talkingTo, said);
  const [name = ''] = wrapAtMost(agent.name, room / (metrics.title * 1.2), 1, 'bold');
  sheet.line(name, { x: middle.x, y: height * 0.79, size: metrics.title * 1.2, weight: 'bold', anchor: 'middle' });
}

/** The last picture. */
export function drawEnd(sheet: Sheet, message: EndMessage): void {
  const { metrics, palette, width, words } = sheet.frame;
  const { height } = metrics;
  const x = width / 2;
  const size = metrics.title * 1.45;
  sheet.line(words.goodbye, { x, y: height * 0.42, size, weight: 'bold', fill: palette.accent, anchor: 'middle' });
  const room = (width - metrics.margin * 4) / metrics.label;
  for (const [i, text] of wrapAtMost(farewellIn(words, message.reason), room, 3).entries()) {
    sheet.line(text, { x, y: height * 0.56 + i * metrics.labelLine, size: metrics.label, anchor: 'middle' });
  }
  const logo = { width: width * 0.3, height: height * 0.14 };
  sheet.image('logo', { x: x - logo.width / 2, y: height * 0.16, ...logo });
}

/** Something that an agent or another system shows: a picture as large as it can be, or a text. */
export function drawPush(sheet: Sheet, message: PushMessage): void {
  const { metrics, width, words } = sheet.frame;
  const { kind, title = '', text, url = '' } = message;
  if (kind === 'image' && sheet.frame.images.has(url)) {
    const top = title === '' ? metrics.margin * 0.6 : sheet.head(title);
    const bottom = metrics.height - metrics.margin * 0.6;
    sheet.image(url, { x: metrics.margin * 0.6, y: top, width: width - metrics.margin * 1.2, height: bottom - top });

    return;
  }
  const said = kind === 'text' ? (text ?? '') : [text, url].filter(Boolean).join('\n');
  drawNote(sheet, title || (kind === 'text' ? '' : words.link), said);
}

export function drawText(sheet: Sheet, { from, text }: TextMessage): void {
  drawNote(sheet, from, text);
}

/** Questions after the talk; keys cannot answer them. */
export function drawSurvey(sheet: Sheet, { title, form }: SurveyMessage): void {
  drawNote(sheet, title, form.fields.map(({ label }) => label).join('\n'));
}

/** A title, and a text on a card. */
function drawNote(sheet: Sheet, title: string, text: string): void {
  const { frame } = sheet;
  const { metrics } = frame;
  const top = title === '' ? metrics.margin : sheet.head(title);
  const bottom = metrics.height - metrics.margin * 0.8;
  const inner = metrics.margin * 0.7;
  const width = frame.width - inner * 2;
  const { text: lines, scale } = arrangeToFit({ text, items: [] }, width, bottom - top - inner * 2, metrics);
  const line = metrics.textLine * scale;
  const card = {
    x: metrics.margin,
    y: top,
    width: frame.width - metrics.margin * 2,
    height: lines.length * line + inner * 2,
  };
  sheet.card(card, inner);
  for (const [i, words] of lines.entries()) {
    sheet.line(words, { x: metrics.margin + inner, y: top + inner + (i + 0.5) * line, size: metrics.text * scale });
  }
}
