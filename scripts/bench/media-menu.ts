import { Closer } from '../../src/lib/closer';
import { monotonic, within, type Call } from '../phone';
import type { ReceivedFrame, RtpPeer } from '../phone/rtp';
import type { SoundPiece } from '../phone/rtp/audio';
import { startServer } from '../phone/server-process';
import { dial, hangUp, openPhone, pause, type MediaPhone } from './media-calls';
import { round, Samples, type Percentiles } from './numbers';

export interface MenuReport {
  /** ms of the very first call after the start of the server, when nothing has been drawn or spoken yet. */
  cold: { firstPicture: number; firstPrompt: number };
  /** From the 200 to the last packet of the first whole key frame. */
  firstPicture: Percentiles | undefined;
  /** From the first packet of the key to the whole key frame of another page. */
  nextPage: Percentiles | undefined;
  /** From the 200 to the first packet of sound. */
  firstPrompt: Percentiles | undefined;
  /** From the first packet of the key to the first packet of sound of the next page. */
  nextPrompt: Percentiles | undefined;
}

const number = '6200';
/** A page with items of its own, and the way back. */
const keys = ['1', '*'];
const patience = 20_000;
const loud = 200;

/** Calls the menu again and again, as a video phone and as an audio phone. */
export async function measureMenu(calls: number): Promise<MenuReport> {
  const opened = new Closer();
  try {
    const server = await startServer({ site: 'demo' });
    opened.add('server', () => server.stop());
    const viewer = await openPhone(opened, server, '1001', 'demo-terminal');
    const listener = await openPhone(opened, server, '1002', 'demo-terminal', { video: [] });
    const samples = {
      firstPicture: new Samples(),
      nextPage: new Samples(),
      firstPrompt: new Samples(),
      nextPrompt: new Samples(),
    };
    const cold = {
      firstPicture: round(await watch(viewer, samples)),
      firstPrompt: round(await listen(listener, samples)),
    };
    for (let count = 0; count < calls; count++) {
      process.stderr.write(`menu: call ${count + 1} of ${calls}\n`);
      samples.firstPicture.add(await watch(viewer, samples));
      samples.firstPrompt.add(await listen(listener, samples));
    }
    const { firstPicture, nextPage, firstPrompt, nextPrompt } = samples;

    return {
      cold,
      firstPicture: firstPicture.percentiles(),
      nextPage: nextPage.percentiles(),
      firstPrompt: firstPrompt.percentiles(),
      nextPrompt: nextPrompt.percentiles(),
    };
  } finally {
    await opened.close();
  }
}

/** One call as a video phone; gives the time to its first picture. */
async function watch(viewer: MediaPhone, samples: { nextPage: Samples }): Promise<number> {
  const { peer } = viewer;
  const first = nextPicture(peer, new Set());
  const { call, answeredAt } = await dialled(viewer);
  const { at } = await first;
  for (const key of keys) {
    // The page in view repeats its key frame; what has not been seen of it is another page.
    const seen = new Set<string>();
    const off = peer.video.on('frame', (frame) => frame.key && seen.add(frame.data.toString('latin1')));
    await pause(2500);
    off();
    samples.nextPage.add(await timeOfKey(peer, key, async () => (await nextPicture(peer, seen)).at));
  }
  await hangUp(call);

  return at - answeredAt;
}

/** One call as an audio phone; gives the time to its first sound. */
async function listen(listener: MediaPhone, samples: { nextPrompt: Samples }): Promise<number> {
  const { peer } = listener;
  const first = nextSound(peer);
  const { call, answeredAt } = await dialled(listener);
  const at = await first;
  for (const key of keys) {
    await untilSilent(peer);
    samples.nextPrompt.add(await timeOfKey(peer, key, () => nextSound(peer)));
  }
  await hangUp(call);

  return at - answeredAt;
}

async function dialled(phone: MediaPhone): Promise<{ call: Call; answeredAt: number }> {
  const call = dial(phone, number);
  let answeredAt = 0;
  call.on('answered', () => (answeredAt = monotonic()));
  await call.untilEstablished();
  // Some phones' media only flow once both sides have sent.
  phone.peer.audio.say({ samples: (_start, count) => new Int16Array(count) });

  return { call, answeredAt };
}

async function timeOfKey(peer: RtpPeer, key: string, effect: () => Promise<number>): Promise<number> {
  const at = effect();
  const pressedAt = monotonic();
  await peer.audio.press(key, 100);

  return (await at) - pressedAt;
}

function nextPicture(peer: RtpPeer, except: Set<string>): Promise<{ at: number }> {
  const isNew = (frame: ReceivedFrame): boolean =>
    frame.key && frame.whole && !except.has(frame.data.toString('latin1'));

  return peer.video.next('frame', { where: isNew, timeout: patience }).then(([, at]) => ({ at }));
}

function nextSound(peer: RtpPeer): Promise<number> {
  return peer.audio.next('sound', { where: isLoud, timeout: patience }).then(([piece]) => piece.at);
}

/** Resolves when nothing but silence has come for longer than a pause between two words. */
async function untilSilent(peer: RtpPeer): Promise<void> {
  let lastLoud = monotonic();
  const off = peer.audio.on('sound', (piece) => {
    if (isLoud(piece)) lastLoud = piece.at;
  });
  try {
    const quiet = async (): Promise<void> => {
      while (monotonic() - lastLoud < 1500) await pause(50);
    };
    await within(quiet(), 60_000, 'the end of a prompt');
  } finally {
    off();
  }
}

function isLoud({ samples }: SoundPiece): boolean {
  return samples.some((sample) => Math.abs(sample) > loud);
}
