import { formats, tone, untilEvent, untilHears, untilKeys } from '../../../support/rtp-peer';
import { collected, expectCode, type Stage } from '../support/stage';

/** Keys as RTP events (RFC 4733), both ways. */
export function keyStories(stage: Stage): void {
  test('each key that the peer presses is told once, with how long it was held', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const keys = collected<[{ digit: string; durationMs: number }]>((listener) => endpoint.events.on('dtmf', listener));
    peer.audio.say(tone(440));
    await peer.audio.press('1159*#', 120);
    await peer.audio.press('0', 400);
    await untilEvent(
      (check) => endpoint.events.on('dtmf', check),
      () => keys.length >= 7,
      'seven keys',
    );
    expect(keys.map(([key]) => key.digit).join('')).toBe('1159*#0');
    for (const [key] of keys.slice(0, 6)) expect(key.durationMs).toBeLessThan(300);
    expect(keys[6]![0].durationMs).toBeGreaterThan(300);
  });

  test('keys are sent to the peer, in order', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    peer.audio.say(tone(440));
    await endpoint.sendDtmf('12*#9');
    expect(await untilKeys(peer, 5)).toBe('12*#9');
  });

  test('a sound goes on around keys', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    const playback = endpoint.play({ files: [await stage.sound(440, 1)], loop: true });
    await endpoint.sendDtmf('42');
    expect(await untilKeys(peer, 2)).toBe('42');
    await untilHears(peer, [440]);
    playback.stop();
  });

  test('no keys for a peer that does not take them', async () => {
    const { endpoint } = await stage.calls({ audio: [formats.pcmu], video: [] });
    await expectCode(endpoint.sendDtmf('1'), 'MEDIA_MISMATCH');
  });

  test('what is no key is refused', async () => {
    const { endpoint } = await stage.calls({ video: [] });
    await expectCode(endpoint.sendDtmf('1x'), 'BAD_REQUEST');
  });
}
