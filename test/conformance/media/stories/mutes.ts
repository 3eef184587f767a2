import { show, heardMs, look, tone, untilHears, untilSeesColour } from '../../../support/rtp-peer';
import { expectCode, type Stage } from '../support/stage';

/** Muted sound and blind pictures, by direction. While one kind is held back the other one goes on, and tells the time. */
export function muteStories(stage: Stage): void {
  test.each([
    ['from', 'a'],
    ['to', 'b'],
  ] as const)('sound is held back %s the peer, and let through again', async (direction, who) => {
    const { a, b } = await stage.bridged();
    const muted = { a, b }[who].endpoint;
    a.peer.audio.say(tone(440));
    await show(a.peer, 'red');
    await untilHears(b.peer, [440]);
    await muted.mute('audio', direction, true);
    a.peer.audio.say(tone(1000));
    const [from, frames] = [b.peer.audio.count, b.peer.video.count];
    await b.peer.video.next('frame', { where: () => b.peer.video.count > frames + 15 });
    expect(heardMs(b.peer, 1000, from)).toBe(0);
    await muted.mute('audio', direction, false);
    await untilHears(b.peer, [1000]);
  });

  test.each([
    ['from', 'a'],
    ['to', 'b'],
  ] as const)('pictures are held back %s the peer, and let through again', async (direction, who) => {
    const { a, b } = await stage.bridged();
    const muted = { a, b }[who].endpoint;
    a.peer.audio.say(tone(440));
    await show(a.peer, 'red');
    await untilSeesColour(b.peer, 'red');
    await muted.mute('video', direction, true);
    await show(a.peer, 'green');
    const from = b.peer.audio.count;
    await b.peer.audio.next('sound', { where: () => b.peer.audio.count > from + 50 });
    expect((await look(b.peer))?.centre).not.toBe('green');
    await muted.mute('video', direction, false);
    await untilSeesColour(b.peer, 'green');
  });

  test('a prompt is not heard either by a peer that is sent nothing', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    await endpoint.mute('audio', 'to', true);
    const playback = endpoint.play({ files: [await stage.sound(440, 0.6)] });
    await playback.done;
    await endpoint.mute('audio', 'to', false);
    endpoint.play({ files: [await stage.sound(1000, 1)] });
    await untilHears(peer, [1000]);
    expect(heardMs(peer, 440)).toBe(0);
  });

  test('a kind that was not agreed is held back for when it comes', async () => {
    const { endpoint } = await stage.calls({ video: [] });
    await endpoint.mute('video', 'from', true);
    await endpoint.close();
    await expectCode(endpoint.mute('video', 'from', false), 'MEDIA_GONE');
  });
}
