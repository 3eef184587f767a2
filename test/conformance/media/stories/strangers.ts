import { randomBytes } from 'node:crypto';
import { heardMs, tone, untilHears } from '../../../support/rtp-peer';
import { collected, type Stage } from '../support/stage';

/** Packets that nobody asked for. Ports are the engine's own to guard; where it has none of its own there is nothing to tell. */
export function strangerStories(stage: Stage): void {
  const guarded = (name: string, story: () => Promise<void>): void => {
    test(name, async () => {
      if (stage.engine.traits.ownPorts) await story();
    });
  };

  guarded('who is not the peer is not heard, and the peer still is', async () => {
    const { a, b } = await stage.bridged({ video: [] }, { video: [] });
    a.peer.audio.say(tone(440));
    await untilHears(b.peer, [440]);
    const stranger = await stage.peer({ video: [] });
    stranger.audio.agreed = a.peer.audio.agreed;
    stranger.audio.session.connect(a.peer.audio.agreed!.to, a.peer.audio.agreed!.rtcpTo);
    const keys = collected<[string]>((listener) => a.endpoint.events.on('dtmf', ({ digit }) => listener(digit)));
    const from = b.peer.audio.count;
    stranger.audio.say(tone(1000));
    await stranger.audio.press('9');
    await b.peer.audio.next('sound', { where: () => b.peer.audio.count > from + 50 });
    expect(heardMs(b.peer, 1000, from)).toBe(0);
    expect(keys).toEqual([]);
    await untilHears(b.peer, [440], [1000]);
    expect(stranger.audio.count).toBe(0);
  });

  guarded('noise on its ports harms nobody', async () => {
    const { a, b } = await stage.bridged({ video: [] }, { video: [] });
    a.peer.audio.say(tone(440));
    await untilHears(b.peer, [440]);
    for (let count = 0; count < 200; count++) {
      const bytes = randomBytes(count % 40);
      // Like RTP, like RTCP, like neither.
      if (bytes.length > 2 && count % 3 > 0) bytes[0] = 0x80 | (bytes[0]! & 0x3f);
      if (bytes.length > 2 && count % 3 === 2) bytes[1] = 200 + (count % 8);
      a.peer.audio.session.sendRaw(bytes);
    }
    const from = b.peer.audio.count;
    await b.peer.audio.next('sound', { where: () => b.peer.audio.count > from + 50 });
    await untilHears(b.peer, [440]);
  });

  guarded('a peer behind a translator is answered where it sends from', async () => {
    const inside = await stage.peer({ video: [] });
    const outside = await stage.peer({ video: [] });
    // It describes ports on which nobody listens, and sends from others.
    const endpoint = await stage.endpoint({ offer: inside.offer() });
    inside.accept(endpoint.localDescription);
    outside.audio.agreed = inside.audio.agreed;
    outside.audio.session.connect(inside.audio.agreed!.to, inside.audio.agreed!.rtcpTo);
    outside.audio.say(tone(440));
    const playback = endpoint.play({ files: [await stage.sound(1000, 1)], loop: true });
    await untilHears(outside, [1000]);
    playback.stop();
  });
}
