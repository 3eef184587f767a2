import type { FaceContent } from '../../../src/ivr/face-content';
import type { MediaFailure, Receipt } from '../../../src/ivr/face';
import { MediaFace } from '../../../src/ivr/media-face';
import type { QueueMessage, ServerMessage } from '../../../src/ivr/messages';
import { HOLD_VIDEO_MS, OVER_MS, PLACE_MS } from '../../../src/ivr/picture-lane';
import { PLACE_SAID_MS, REPEAT_MS } from '../../../src/ivr/prompt-lane';
import { pushMessage } from '../../../src/ivr/views';
import { ManualClock } from '../../../src/lib/clock';
import { SightlineError } from '../../../src/lib/errors';
import { silentLogger } from '../../../src/lib/logger';
import { ActingEndpoint } from './acting-endpoint';

const nameOf = (message: ServerMessage): string => {
  if (message.type === 'page') return message.id;
  if (message.type === 'queue') return `place ${message.position}`;

  return message.type === 'push' ? `push ${message.ref}` : message.type;
};
const page = (id: string): ServerMessage => ({ type: 'page', id, title: id, items: [] });
const place = (position: number, rest: Partial<QueueMessage> = {}): QueueMessage => {
  return { type: 'queue', queue: 'Help', position, waiting: 9, estimate: [0, 60], actions: [], ...rest };
};
const image = (ref: string) => pushMessage({ ref, kind: 'image', url: 'https://example.org/a.png' });
const end: ServerMessage = { type: 'end', reason: 'done' };

/** Lets what has been promised happen. */
const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

function open(kind: 'video' | 'voice' = 'video', content: Partial<FaceContent> = {}) {
  const clock = new ManualClock();
  const endpoint = new ActingEndpoint();
  const face = new MediaFace({
    endpoint: endpoint.asEndpoint,
    kind,
    paging: kind,
    clock,
    log: silentLogger,
    content: {
      picture: (message) => Promise.resolve(Buffer.from(nameOf(message))),
      prompt: (message) => Promise.resolve([`${nameOf(message)}.wav`]),
      ahead: () => [],
      hold: () => ({}),
      video: () => undefined,
      ...content,
    },
  });
  const heard: { failed: MediaFailure[]; gone: string[]; receipts: Receipt[]; dropped: string[]; taken: string[] } = {
    failed: [],
    gone: [],
    receipts: [],
    dropped: [],
    taken: [],
  };
  face.on('failed', (failure) => heard.failed.push(failure));
  face.on('gone', (reason) => heard.gone.push(reason));
  face.on('receipt', (receipt) => heard.receipts.push(receipt));
  face.on('dropped', (message) => heard.dropped.push(nameOf(message)));
  face.on('taken', (message) => heard.taken.push(nameOf(message)));

  return { face, endpoint, clock, heard };
}

/** A picture that is made when the test says so. */
function slowPictures() {
  const waiting = new Map<string, (png: Buffer) => void>();
  const picture = (message: ServerMessage) => new Promise<Buffer>((resolve) => waiting.set(nameOf(message), resolve));
  const draw = async (name: string): Promise<void> => {
    waiting.get(name)?.(Buffer.from(name));
    await settled();
  };

  return { picture, draw, waiting };
}

describe('pages', () => {
  test('are shown and said at the same time', async () => {
    const { face, endpoint, heard } = open();
    expect(face.show(page('home'))).toBe(true);
    await settled();
    expect(endpoint.pictures).toEqual(['home']);
    expect(endpoint.playing).toBe('home.wav');
    expect(heard.taken).toEqual(['home']);
  });

  test('a key stops the prompt at once, whatever it leads to', async () => {
    const { face, endpoint } = open();
    face.show(page('home'));
    await settled();
    endpoint.press('7');
    expect(endpoint.playing).toBe('silence');
    face.show(page('tickets'));
    await settled();
    expect(endpoint.playing).toBe('tickets.wav');
  });

  test('the newest goes out at once, and one that is still being drawn is thrown away', async () => {
    const { picture, draw } = slowPictures();
    const { face, endpoint } = open('video', { picture });
    face.show(page('home'));
    face.show(page('tickets'));
    await draw('tickets');
    await draw('home');
    expect(endpoint.pictures).toEqual(['tickets']);
    await face.idle();
  });

  test('the same page once more does not begin its prompt anew, but sends the picture', async () => {
    const { face, endpoint } = open();
    face.show(page('home'));
    await settled();
    face.show(page('home'));
    await settled();
    expect(endpoint.pictures).toEqual(['home', 'home']);
    expect(endpoint.playbacks).toHaveLength(1);
  });

  test('without prompts are shown all the same', async () => {
    const { face, endpoint, heard } = open('video', { prompt: () => Promise.resolve([]) });
    face.show(page('home'));
    await settled();
    expect(endpoint.pictures).toEqual(['home']);
    expect(endpoint.playbacks).toHaveLength(0);
    expect(heard.failed).toEqual([]);
  });

  test('that one key leads to are made ready ahead, unless the person has gone on', async () => {
    const { face, endpoint } = open('video', { ahead: () => [page('tickets'), page('lost')] });
    face.show(page('home'));
    await face.ready();
    expect(endpoint.prepared).toEqual([
      { pictures: 1, files: ['tickets.wav'] },
      { pictures: 1, files: ['lost.wav'] },
    ]);
  });

  test('are said again, but not for ever, to somebody who only hears them', async () => {
    const { face, endpoint, clock } = open('voice');
    face.show(page('home'));
    for (const playbacks of [2, 3, 3]) {
      await settled();
      endpoint.finish();
      await settled();
      clock.advance(REPEAT_MS);
      await settled();
      expect(endpoint.playbacks).toHaveLength(playbacks);
    }
    expect(endpoint.shown).toEqual([]);
  });
});

describe('the queue', () => {
  const hold = () => ({ music: 'music.ogg' });

  test('place after place is shown, of those that come while one is drawn the newest only', async () => {
    const { picture, draw, waiting } = slowPictures();
    const { face, endpoint } = open('video', { picture });
    for (const position of [5, 4, 3]) face.show(place(position));
    await draw('place 5');
    await draw('place 3');
    expect(endpoint.pictures).toEqual(['place 5', 'place 3']);
    expect([...waiting.keys()]).toEqual(['place 5', 'place 3']);
  });

  test('the place is said first, then there is music', async () => {
    const { face, endpoint } = open('voice', { hold });
    face.show(place(5));
    await settled();
    expect(endpoint.playing).toBe('place 5.wav');
    endpoint.finish();
    await settled();
    expect(endpoint.playing).toBe('music.ogg again and again');
  });

  test('a better place is said when the last was said long enough ago, a worse one never', async () => {
    const { face, endpoint, clock } = open('video', { hold });
    face.show(place(5));
    await settled();
    endpoint.finish();
    await settled();
    face.show(place(6));
    face.show(place(4));
    face.show(place(3));
    await settled();
    expect(endpoint.playing).toBe('music.ogg again and again');
    clock.advance(PLACE_SAID_MS);
    await settled();
    expect(endpoint.playing).toBe('place 3.wav');
    expect(endpoint.playbacks.filter(({ source }) => !source.loop)).toHaveLength(2);
  });

  test('a key stops what is said and not the music', async () => {
    const { face, endpoint } = open('voice', { hold });
    face.show(place(5));
    await settled();
    endpoint.press('3');
    await settled();
    expect(endpoint.playing).toBe('music.ogg again and again');
    endpoint.press('3');
    expect(endpoint.playing).toBe('music.ogg again and again');
  });

  test('back on a page the music is over', async () => {
    const { face, endpoint } = open('voice', { hold });
    face.show(place(5));
    await settled();
    endpoint.finish();
    await settled();
    face.show(page('home'));
    expect(endpoint.playing).toBe('silence');
    await settled();
    expect(endpoint.playing).toBe('home.wav');
  });

  test('a hold video and the place take turns; a new place is shown at once', async () => {
    const { face, endpoint, clock } = open('video', { hold: () => ({ video: 'film.mp4' }) });
    face.show(place(5));
    await settled();
    for (const ms of [PLACE_MS, HOLD_VIDEO_MS, PLACE_MS]) {
      clock.advance(ms);
      await settled();
    }
    face.show(place(4));
    await settled();
    const film = 'film.mp4 again and again';
    expect(endpoint.pictures).toEqual(['place 5', film, 'place 5', film, 'place 4']);
  });

  test('a hold video that cannot be shown leaves the place there', async () => {
    const { face, endpoint, clock, heard } = open('video', { hold: () => ({ video: 'film.mp4' }) });
    face.show(place(5));
    await settled();
    endpoint.refuses = new SightlineError('BAD_REQUEST');
    clock.advance(PLACE_MS);
    endpoint.refuses = undefined;
    await settled();
    clock.advance(PLACE_MS + HOLD_VIDEO_MS);
    await settled();
    expect(endpoint.pictures).toEqual(['place 5', 'place 5']);
    expect(heard.failed).toEqual([]);
  });
});

describe('pushes', () => {
  test('are receipted when they are shown, and stay for a while before the next place', async () => {
    const { face, endpoint, clock, heard } = open();
    face.show(place(5));
    await settled();
    face.show(image('a'));
    await settled();
    expect(heard.receipts).toEqual([{ ref: 'a', shown: true }]);
    face.show(place(4));
    await settled();
    expect(endpoint.pictures).toEqual(['place 5', 'push a']);
    clock.advance(OVER_MS);
    await settled();
    expect(endpoint.pictures).toEqual(['place 5', 'push a', 'place 4']);
  });

  test('the place is shown again after a push, even when it has not changed', async () => {
    const { face, endpoint, clock } = open();
    face.show(place(5));
    await settled();
    face.show(image('a'));
    await settled();
    clock.advance(OVER_MS);
    await settled();
    expect(endpoint.pictures).toEqual(['place 5', 'push a', 'place 5']);
  });

  test('that cannot be drawn are refused, and the face goes on', async () => {
    const picture = (message: ServerMessage) =>
      message.type === 'push'
        ? Promise.reject(new SightlineError('BAD_REQUEST'))
        : Promise.resolve(Buffer.from(nameOf(message)));
    const { face, endpoint, heard } = open('video', { picture });
    face.show(page('home'));
    await settled();
    face.show(image('a'));
    await settled();
    expect(heard).toMatchObject({ receipts: [{ ref: 'a', shown: false, reason: 'refused' }], dropped: ['push a'] });
    expect(face.isOpen).toBe(true);
    face.show(page('tickets'));
    await settled();
    expect(endpoint.pictures).toEqual(['home', 'tickets']);
  });

  test('that a page overtakes are told as replaced', async () => {
    const { picture, draw } = slowPictures();
    const { face, heard } = open('video', { picture });
    face.show(image('a'));
    face.show(page('home'));
    await draw('home');
    await draw('push a');
    expect(heard.receipts).toEqual([{ ref: 'a', shown: false, reason: 'replaced' }]);
  });

  test('a video of the site is played, and one ear cannot see a picture', async () => {
    const { face, endpoint, heard } = open('video', { video: () => 'way.mp4' });
    face.show(image('a'));
    await settled();
    expect(endpoint.pictures).toEqual(['way.mp4']);
    const voice = open('voice');
    expect(voice.face.show(image('b'))).toBe(true);
    await settled();
    expect([heard.receipts, voice.heard.receipts]).toEqual([
      [{ ref: 'a', shown: true }],
      [{ ref: 'b', shown: false, reason: 'no-picture' }],
    ]);
  });
});

describe('trouble', () => {
  test('a page that cannot be drawn ends the face, once, and nothing is shown afterwards', async () => {
    const picture = () => Promise.reject(new SightlineError('MEDIA_UNAVAILABLE', 'no ffmpeg'));
    const { face, endpoint, heard } = open('video', { picture });
    face.show(page('home'));
    await settled();
    expect(heard.failed).toEqual([{ cause: 'picture', reason: 'no ffmpeg' }]);
    expect(face.show(page('tickets'))).toBe(false);
    expect(endpoint.playing).toBe('silence');
    await face.idle();
  });

  test('an endpoint that refuses is told as such; one that is closed ends the face quietly', async () => {
    const refusing = open();
    refusing.endpoint.refuses = new SightlineError('MEDIA_GONE');
    refusing.face.show(page('home'));
    await settled();
    expect(refusing.heard.failed).toMatchObject([{ cause: 'endpoint' }]);
    const closed = open();
    closed.endpoint.closed = true;
    expect(closed.face.show(page('home'))).toBe(false);
    expect(closed.heard).toMatchObject({ failed: [], gone: ['the endpoint is closed'] });
  });

  test('a prompt that cannot be played ends a face that has nothing else', async () => {
    for (const [kind, failures] of [
      ['voice', 1],
      ['video', 0],
    ] as const) {
      const { face, endpoint, heard } = open(kind);
      face.show(page('home'));
      await settled();
      endpoint.finish('failed');
      await settled();
      expect(heard.failed).toHaveLength(failures);
    }
  });
});

describe('the end', () => {
  test('is idle when the farewell is on its way and said', async () => {
    const { face, endpoint } = open();
    face.show(end);
    let isIdle = false;
    void face.idle().then(() => {
      isIdle = true;
    });
    await settled();
    expect(isIdle).toBe(false);
    endpoint.finish();
    await settled();
    expect(isIdle).toBe(true);
  });

  test('closing takes the picture away, stops the sound, settles pushes, leaves no timer, and may happen twice', async () => {
    const { picture } = slowPictures();
    const { face, endpoint, clock, heard } = open('video', { picture, hold: () => ({ music: 'music.ogg' }) });
    face.show(place(3));
    face.show(image('a'));
    await settled();
    face.close();
    face.close();
    await face.idle();
    expect(endpoint.playing).toBe('silence');
    expect(endpoint.pictures).toEqual(['nothing']);
    expect(heard.receipts).toEqual([{ ref: 'a', shown: false, reason: 'closed' }]);
    expect(clock.pendingCount).toBe(0);
    expect(endpoint.events.listenerCount('dtmf')).toBe(0);
    expect(face.settle('a', true)).toBe(false);
  });
});
