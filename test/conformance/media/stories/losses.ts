import path from 'node:path';
import { tone, untilHears } from '../../../support/rtp-peer';
import { collected, expectCode, type Stage } from '../support/stage';

/** The engine is lost during calls. Where a test cannot take it away, there is nothing to tell. */
export function lossStories(stage: Stage): void {
  test('its endpoints end, each tells so once, and it comes back', async () => {
    const { engine, server } = stage;
    if (!engine.lose) return;
    const { a, b, bridge } = await stage.bridged({ video: [] }, { video: [] });
    a.peer.audio.say(tone(440));
    await untilHears(b.peer, [440]);
    const recording = await server.record([a.endpoint, b.endpoint], { base: path.join(stage.folder, 'lost') });
    const failed = collected<[string]>((listener) => recording.events.on('failed', listener));
    const playback = a.endpoint.play({ files: [await stage.sound(440, 20)] });
    const ended = [a, b].map(({ endpoint }) =>
      collected<[string]>((listener) => endpoint.events.on('ended', listener)),
    );
    const down = new Promise<void>((resolve) => server.events.once('down', () => resolve()));
    const up = new Promise<void>((resolve) => server.events.once('up', () => resolve()));
    await engine.lose();
    await down;
    expect(ended.map((one) => one.length)).toEqual([1, 1]);
    expect([a.endpoint.closed, b.endpoint.closed, bridge.closed]).toEqual([true, true, true]);
    expect((await playback.done).how).not.toBe('finished');
    await expectCode(a.endpoint.stats(), 'MEDIA_GONE');
    expect(failed.length).toBe(1);
    await engine.bringBack?.();
    await up;
    expect(server.available).toBe(true);
    const { peer, endpoint } = await stage.calls({ video: [] });
    endpoint.play({ files: [await stage.sound(1000, 1)] });
    await untilHears(peer, [1000]);
    expect(ended.map((one) => one.length)).toEqual([1, 1]);
  });
}
