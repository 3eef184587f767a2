import { stat } from 'node:fs/promises';
import path from 'node:path';
import { newId } from '../../../../src/lib/ids';
import type { RecordedPart, RecordedTrack } from '../../../../src/media/port';
import { ffmpeg, probe } from '../../../support/ffmpeg';
import {
  film,
  show,
  formats,
  Seen,
  seenBytes,
  seenFilter,
  shareOf,
  tone,
  untilHears,
  untilSeesColour,
  type RtpPeer,
} from '../../../support/rtp-peer';
import { expectCode, type Side, type Stage } from '../support/stage';

/** `record`: what the peers send, in files that other programs play. */
export function recordingStories(stage: Stage): void {
  const base = (): string => path.join(stage.folder, newId('rec'));

  /** Two who talk: 440 Hz and red, 1000 Hz and blue. */
  async function talk(codec: 'vp8' | 'h264'): Promise<{ a: Side; b: Side }> {
    const { a, b } = await stage.bridged({ video: [formats[codec]] }, { video: [formats[codec]] });
    a.peer.audio.say(tone(440));
    b.peer.audio.say(tone(1000));
    a.peer.video.show(await film(codec, 'red'));
    b.peer.video.show(await film(codec, 'blue'));
    await Promise.all([untilHears(b.peer, [440]), untilSeesColour(b.peer, 'red'), untilSeesColour(a.peer, 'blue')]);

    return { a, b };
  }

  test.each([['vp8'], ['h264']] as const)('both sides are kept, with sound and %s', async (codec) => {
    const { a, b } = await talk(codec);
    const before = Date.now();
    const recording = await stage.server.record([a.endpoint, b.endpoint], { base: base() });
    await more(b.peer, 100);
    const parts = await recording.stop();
    expect(await recording.stop()).toEqual(parts);
    for (const part of parts) await expectWhole(part, before);
    const tracks = parts.flatMap((part) => part.tracks.map((track, index) => ({ part, track, index })));
    const sides = (kind: string): unknown[] =>
      tracks.filter((one) => one.track.kind === kind).map((one) => one.track.side);
    expect(sides('video').sort()).toEqual([0, 1]);
    expect([[0, 1], [undefined]]).toContainEqual(sides('audio').sort());
    for (const { part, track, index } of tracks) await expectTrack(part, track, index, [440, 1000], ['red', 'blue']);
  });

  test('one side alone, of a call without a picture', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const heard = new Promise<void>((resolve) => endpoint.events.once('media', () => resolve()));
    peer.audio.say(tone(440));
    await heard;
    const recording = await stage.server.record([endpoint], { base: base() });
    const playback = endpoint.play({ files: [await stage.sound(1000, 1)] });
    await playback.done;
    const [part, ...rest] = await recording.stop();
    expect(rest).toEqual([]);
    expect(part?.tracks).toMatchObject([{ kind: 'audio' }]);
    // What is played to the peer is not what the peer says.
    const samples = await soundOf(part!, 0);
    expect(shareOf(440, samples)).toBeGreaterThan(0.5);
  });

  test.each([['vp8'], ['h264']] as const)(
    'the other side goes on to see moving pictures of %s while it is recorded',
    async (codec) => {
      const { a, b } = await talk(codec);
      const recording = await stage.server.record([a.endpoint, b.endpoint], { base: base() });
      a.peer.video.show(await film(codec, 'green'));
      b.peer.video.show(await film(codec, 'yellow'));
      await Promise.all([untilSeesColour(b.peer, 'green'), untilSeesColour(a.peer, 'yellow')]);
      const before = [a.peer.video.count, b.peer.video.count];
      await more(b.peer, 100);
      const got = [a, b].map(({ peer }, side) => peer.video.count - before[side]!);
      await recording.stop();
      // Of the 30 that were sent meanwhile.
      expect(Math.min(...got)).toBeGreaterThan(15);
    },
  );

  test('what is masked is not kept, and time goes on', async () => {
    const { a, b } = await talk('vp8');
    const recording = await stage.server.record([a.endpoint, b.endpoint], { base: base() });
    await more(b.peer, 50);
    await recording.mask(true);
    a.peer.audio.say(tone(2000));
    await show(a.peer, 'green');
    await untilHears(b.peer, [2000]);
    await untilSeesColour(b.peer, 'green');
    a.peer.audio.say(tone(440));
    await show(a.peer, 'red');
    await untilHears(b.peer, [440], [2000]);
    await untilSeesColour(b.peer, 'red');
    await more(b.peer, 20);
    await recording.mask(false);
    await more(b.peer, 50);
    const parts = await recording.stop();
    for (const part of parts) await expectNowhere(part, 2000, 'green');
    // Whether the mask makes a gap in a file or between two, what is kept stays at its time.
    const begin = Math.min(...parts.map(({ startedAt }) => startedAt));
    const end = Math.max(...parts.map(({ startedAt, duration }) => startedAt + duration));
    expect(end - begin).toBeGreaterThan(2000);
  });

  test('it ends with its endpoints, and what was written stays', async () => {
    const { a, b } = await talk('vp8');
    const recording = await stage.server.record([a.endpoint, b.endpoint], { base: base() });
    await more(b.peer, 50);
    await a.endpoint.close();
    await b.endpoint.close();
    const parts = await recording.stop();
    expect(parts.length).toBeGreaterThan(0);
    for (const part of parts) expect((await probe(part.file)).streams.length).toBe(part.tracks.length);
  });

  test('a call is recorded twice, one after the other', async () => {
    const { a, b } = await talk('vp8');
    for (let count = 0; count < 2; count++) {
      const recording = await stage.server.record([a.endpoint, b.endpoint], { base: base() });
      await more(b.peer, 25);
      expect((await recording.stop()).length).toBeGreaterThan(0);
    }
  });

  test('what is closed cannot be recorded, nor masked once it has ended', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    peer.audio.say(tone(440));
    const recording = await stage.server.record([endpoint], { base: base() });
    await recording.stop();
    await expectCode(recording.mask(true), 'MEDIA_GONE');
    await endpoint.close();
    await expectCode(stage.server.record([endpoint], { base: base() }), 'MEDIA_GONE');
  });
}

/** So many more packets of sound, of 20 ms each. */
async function more(peer: RtpPeer, count: number): Promise<void> {
  const until = peer.audio.count + count;
  await peer.audio.next('sound', { where: () => peer.audio.count >= until });
}

async function expectWhole(part: RecordedPart, before: number): Promise<void> {
  expect((await stat(part.file)).size).toBeGreaterThan(1000);
  const { streams } = await probe(part.file);
  expect(streams.map((stream) => stream.codec_type)).toEqual(part.tracks.map((track) => track.kind));
  expect(part.startedAt).toBeGreaterThanOrEqual(before - 1000);
  expect(part.startedAt).toBeLessThanOrEqual(Date.now());
  expect(part.duration).toBeGreaterThan(1000);
}

async function expectTrack(
  part: RecordedPart,
  { kind, side }: RecordedTrack,
  index: number,
  tones: readonly number[],
  colours: readonly string[],
): Promise<void> {
  if (kind === 'video') {
    const seen = await picturesOf(part, index);
    expect(seen[seen.length - 1]?.centre).toBe(colours[side!]);
    return;
  }
  const samples = await soundOf(part, index);
  const heard = tones.map((one) => shareOf(one, samples) > 0.25);
  expect(heard).toEqual(side === undefined ? [true, true] : tones.map((_, one) => one === side));
}

async function expectNowhere(part: RecordedPart, frequency: number, colour: string): Promise<void> {
  for (const [index, track] of part.tracks.entries()) {
    if (track.kind === 'audio') {
      const samples = await soundOf(part, index);
      for (let at = 0; at < samples.length; at += 800) {
        expect(shareOf(frequency, samples.subarray(at, at + 800))).toBeLessThan(0.1);
      }
    } else {
      for (const seen of await picturesOf(part, index)) expect(seen.centre).not.toBe(colour);
    }
  }
}

async function soundOf(part: RecordedPart, track: number): Promise<Int16Array> {
  const bytes = await ffmpeg(['-i', part.file, '-map', `0:${track}`, '-ar', '8000', '-ac', '1', '-f', 's16le', '-']);

  return new Int16Array(bytes.buffer, bytes.byteOffset, Math.floor(bytes.length / 2));
}

/** Every picture of a track. */
async function picturesOf(part: RecordedPart, track: number): Promise<Seen[]> {
  const raw = ['-map', `0:${track}`, '-vf', seenFilter, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-'];
  const frames = await ffmpeg(['-i', part.file, ...raw]);

  return Array.from({ length: frames.length / seenBytes }, (_, index) => new Seen(frames.subarray(index * seenBytes)));
}
