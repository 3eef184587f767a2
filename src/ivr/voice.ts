import { estimateIn, farewellIn, faceWordsFor, filled, type FaceWords } from './face-words';
import { CALLBACK_KEY } from './keys';
import type { PageMessage, QueueMessage, ServerMessage } from './messages';

/** One thing that is said in one breath: a recorded file of that name where there is one, otherwise the text. */
export interface Phrase {
  /** Name of the recorded prompt without folder and ending, such as `main.home.1`; none for what differs from call to call. */
  readonly prompt?: string;
  readonly text: string;
}

export interface Speaking {
  readonly locale: string;
  /** The menu that pages belong to. */
  readonly menu: string;
}

/**
 * What is said of a message: flat, and no more of it than the screen shows. A key is named after what it does, so that a person hears it
 * when he knows that he wants it.
 */
export function phrasesOf(message: ServerMessage, { locale, menu }: Speaking): Phrase[] {
  const words = faceWordsFor(locale);
  switch (message.type) {
    case 'page':
      return pagePhrases(message, menu, words);
    case 'queue':
      return queuePhrases(message, words);
    case 'connected':
      return [{ prompt: 'connected', text: closed(`${words.talkingTo} ${message.agent.name}`) }];
    case 'text':
      return [{ text: closed(`${message.from}: ${message.text}`) }];
    case 'push':
      return message.text === undefined ? [] : [{ text: closed(message.text) }];
    case 'survey':
      return [{ text: closed(message.title) }];
    case 'end':
      return [
        {
          prompt: message.reason === 'callback' ? 'callback' : 'ended',
          text: `${closed(farewellIn(words, message.reason))} ${closed(words.goodbye)}`,
        },
      ];
  }
}

function pagePhrases(page: PageMessage, menu: string, words: FaceWords): Phrase[] {
  const { id, isFirst } = partOf(page.id);
  const stem = `${menu}.${id}`;
  const head = (isFirst ? [page.title, page.text] : [page.text]).filter((text) => text !== undefined && text !== '');
  const has = (key: string): boolean => page.items.some((item) => item.key === key);
  const asks = page.form !== undefined && !has('#');

  return [
    ...(head.length > 0
      ? [{ ...(isFirst && { prompt: stem }), text: head.map((text) => closed(text ?? '')).join(' ') }]
      : []),
    ...(asks ? [{ text: closed(words.agentAsks) }, { text: pressed(words, words.goOn, '#') }] : []),
    ...page.items.map(({ key, label }) => ({
      ...(/^\d$/.test(key) && { prompt: `${stem}.${key}` }),
      text: pressed(words, label, key),
    })),
    ...(page.back && !has('*') ? [{ text: pressed(words, words.back, '*') }] : []),
  ];
}

/** A page that was divided is sent as `id`, `id~2`, `id~3`; its title and its recorded prompt belong to the first part. */
function partOf(id: string): { id: string; isFirst: boolean } {
  const cut = id.indexOf('~');

  return cut < 0 ? { id, isFirst: true } : { id: id.slice(0, cut), isFirst: false };
}

/** Lines become sentences, so that a table is not said in one breath. */
function closed(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => (/[.!?:;。！？：]$/.test(line) ? line : line + stopFor(line)))
    .join(' ');
}

function stopFor(line: string): string {
  return /[\u3040-\u9fff]$/.test(line) ? '。' : '.';
}

function pressed(words: FaceWords, label: string, key: string): string {
  const name = key === '*' ? words.star : key === '#' ? words.hash : key;

  // Inside the sentence the label loses the mark at its end.
  return filled(words.press, { label: label.trim().replace(/[.:。：]+$/, ''), key: name });
}

function queuePhrases(queue: QueueMessage, words: FaceWords): Phrase[] {
  const { position, waiting, estimate, actions } = queue;
  const place = filled(words.place, { place: position, waiting });

  return [
    { prompt: 'queue', text: `${closed(queue.queue)} ${closed(words.pleaseWait)}` },
    position === 1 ? { prompt: 'next', text: closed(words.youAreNext) } : { text: closed(place) },
    { text: closed(estimateIn(words, estimate)) },
    ...(actions.includes('callback') ? [{ text: pressed(words, words.callMeBack, CALLBACK_KEY) }] : []),
    ...(actions.includes('home') ? [{ text: pressed(words, words.menu, '*') }] : []),
  ];
}
