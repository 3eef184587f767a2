import path from 'node:path';
import { formats, heardMs, tone, untilHears } from '../../../support/rtp-peer';
import { expectCode, type Stage } from '../support/stage';

/** `play`: prompts and music. */
export function soundStories(stage: Stage): void {
  const missing = (): string => path.join(stage.folder, 'nobody-made-this.wav');

  test.each([['pcmu'], ['pcma']] as const)('a file is heard in %s, whole, and its end is told', async (codec) => {
    const { peer, endpoint } = await stage.calls({ audio: [formats[codec]], video: [] });
    const playback = endpoint.play({ files: [await stage.sound(440, 1)] });
    await playback.started;
    expect(await playback.done).toEqual({ how: 'finished', skipped: [] });
    const all = (): boolean => heardMs(peer, 440) >= 900;
    if (!all()) await peer.audio.next('sound', { where: all });
    expect(heardMs(peer, 440)).toBeLessThanOrEqual(1100);
  });

  test('files are played one after another, and what is missing is left out and told', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const files = [await stage.sound(440, 0.6), missing(), await stage.sound(1000, 0.6)];
    const playback = endpoint.play({ files });
    await untilHears(peer, [440], [1000]);
    await untilHears(peer, [1000], [440]);
    expect(await playback.done).toEqual({ how: 'finished', skipped: [missing()] });
  });

  test('with nothing to play it fails, and says what is missing', async () => {
    const { endpoint } = await stage.calls({ video: [] });
    const playback = endpoint.play({ files: [missing()] });
    await playback.started;
    expect(await playback.done).toEqual({ how: 'failed', skipped: [missing()] });
  });

  test('it is silent at once when it is stopped', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const playback = endpoint.play({ files: [await stage.sound(440, 20)] });
    await untilHears(peer, [440]);
    const stopped = peer.audio.count;
    playback.stop();
    expect(await playback.done).toEqual({ how: 'stopped', skipped: [] });
    playback.stop();
    endpoint.play({ files: [await stage.sound(1000, 1)] });
    await untilHears(peer, [1000], [440]);
    expect(heardMs(peer, 440, stopped)).toBeLessThan(500);
  });

  test('a new sound takes the place of the one before', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const first = endpoint.play({ files: [await stage.sound(440, 20)], loop: true });
    await untilHears(peer, [440]);
    const second = endpoint.play({ files: [await stage.sound(1000, 1)] });
    expect((await first.done).how).toBe('stopped');
    await untilHears(peer, [1000], [440]);
    expect((await second.done).how).toBe('finished');
  });

  test('in a loop it does not end by itself', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const playback = endpoint.play({ files: [await stage.sound(440, 0.6)], loop: true });
    await peer.audio.next('sound', { where: () => heardMs(peer, 440) > 1500 });
    playback.stop();
    expect((await playback.done).how).toBe('stopped');
  });

  test('a key does not stop it by itself, and both go on', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const playback = endpoint.play({ files: [await stage.sound(440, 20)] });
    const key = new Promise<string>((resolve) => endpoint.events.once('dtmf', ({ digit }) => resolve(digit)));
    peer.audio.say(tone(1000));
    await peer.audio.press('1');
    expect(await key).toBe('1');
    await untilHears(peer, [440]);
    playback.stop();
  });

  test('a sound ends with its endpoint', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const playback = endpoint.play({ files: [await stage.sound(440, 20)] });
    await untilHears(peer, [440]);
    await endpoint.close();
    expect((await playback.done).how).not.toBe('finished');
    await expectCode(endpoint.stats(), 'MEDIA_GONE');
  });
}
