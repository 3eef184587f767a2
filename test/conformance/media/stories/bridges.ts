import { ffmpeg } from '../../../support/ffmpeg';
import {
  film,
  show,
  formats,
  heardMs,
  pngOf,
  tone,
  untilEvent,
  untilHears,
  untilSeesColour,
  type Voice,
} from '../../../support/rtp-peer';
import { expectCode, type Stage } from '../support/stage';

/** Two endpoints that hear and see each other. */
export function bridgeStories(stage: Stage): void {
  test.each([['vp8'], ['h264']] as const)(
    'sound and %s go both ways, under the numbers of each side',
    async (codec) => {
      const { a, b } = await stage.bridged(
        { audio: [formats.pcmu, formats.keys], video: [{ ...formats[codec], payloadType: 121 }] },
        { audio: [formats.pcmu, formats.keys], video: [{ ...formats[codec], payloadType: 105 }] },
      );
      a.peer.audio.say(tone(440));
      b.peer.audio.say(tone(1000));
      a.peer.video.show(await film(codec, 'red'));
      b.peer.video.show(await film(codec, 'blue'));
      await Promise.all([
        untilHears(b.peer, [440], [1000]),
        untilHears(a.peer, [1000], [440]),
        untilSeesColour(b.peer, 'red'),
        untilSeesColour(a.peer, 'blue'),
      ]);
      expect(a.peer.audio.session.received.sources.size).toBe(1);
      expect(b.peer.audio.session.received.lost).toBe(0);
    },
  );

  test('the side that called and the side that was called may number a codec differently', async () => {
    const a = await stage.calls({ video: [{ ...formats.vp8, payloadType: 121 }] });
    const b = await stage.calls({ video: [{ ...formats.vp8, payloadType: 105 }] }, { beside: a.endpoint });
    await stage.server.bridge(a.endpoint, b.endpoint);
    await show(a.peer, 'red');
    await show(b.peer, 'blue');
    await Promise.all([untilSeesColour(b.peer, 'red'), untilSeesColour(a.peer, 'blue')]);
  });

  test('PCMU is heard as PCMA, and the reverse', async () => {
    const { a, b } = await stage.bridged({ audio: [formats.pcmu], video: [] }, { audio: [formats.pcma], video: [] });
    expect([a.endpoint.codecs.audio, b.endpoint.codecs.audio]).toEqual(['pcmu', 'pcma']);
    a.peer.audio.say(tone(440));
    b.peer.audio.say(tone(1000));
    await Promise.all([untilHears(b.peer, [440]), untilHears(a.peer, [1000])]);
  });

  test('with no picture in common the two hear each other', async () => {
    const { a, b } = await stage.bridged({ video: [formats.vp8] }, { video: [formats.h264] });
    expect(b.endpoint.codecs.video).toBeUndefined();
    a.peer.audio.say(tone(440));
    b.peer.audio.say(tone(1000));
    await Promise.all([untilHears(b.peer, [440]), untilHears(a.peer, [1000])]);
  });

  test('a codec that is only passed on arrives byte by byte', async () => {
    for (const codec of stage.engine.traits.passes) {
      const { a, b } = await stage.bridged(
        { audio: [{ ...formats[codec] }], video: [] },
        { audio: [{ ...formats[codec] }], video: [] },
      );
      const voice = await packetsOf(codec);
      a.peer.audio.say(voice);
      const known = new Set(voice.packets.map((packet) => packet.toString('latin1')));
      await untilEvent(
        (check) => b.peer.audio.on('sound', check),
        () => b.peer.audio.count > 20,
        `${codec} to arrive`,
      );
      expect(b.peer.audio.pieces.every(({ payload }) => known.has(payload.toString('latin1')))).toBe(true);
    }
  });

  test('when it is taken apart the two are still there, for themselves', async () => {
    const { a, b, bridge } = await stage.bridged();
    a.peer.audio.say(tone(440));
    await untilHears(b.peer, [440]);
    await bridge.close();
    await bridge.close();
    expect(bridge.closed).toBe(true);
    const from = b.peer.audio.count;
    const playback = b.endpoint.play({ files: [await stage.sound(1000, 1)], loop: true });
    await untilHears(b.peer, [1000], [440]);
    expect(heardMs(b.peer, 440, from)).toBeLessThan(500);
    playback.stop();
    const again = await stage.server.bridge(a.endpoint, b.endpoint);
    await untilHears(b.peer, [440], [1000]);
    await again.close();
  });

  test('one that is closed ends it, and the other one stays', async () => {
    const { a, b, bridge } = await stage.bridged({ video: [] }, { video: [] });
    await a.endpoint.close();
    expect(bridge.closed).toBe(true);
    await bridge.close();
    b.endpoint.play({ files: [await stage.sound(1000, 1)] });
    await untilHears(b.peer, [1000]);
    await expectCode(stage.server.bridge(a.endpoint, b.endpoint), 'MEDIA_GONE');
  });

  test('one cannot be bridged with itself', async () => {
    const { endpoint } = await stage.calls();
    await expectCode(stage.server.bridge(endpoint, endpoint), 'BAD_REQUEST', 'WRONG_STATE');
  });

  test('a sound takes the place of the other side, and gives it back', async () => {
    const { a, b } = await stage.bridged({ video: [] }, { video: [] });
    a.peer.audio.say(tone(440));
    await untilHears(b.peer, [440]);
    const playback = b.endpoint.play({ files: [await stage.sound(1000, 1)], loop: true });
    await untilHears(b.peer, [1000], [440]);
    playback.stop();
    await untilHears(b.peer, [440], [1000]);
    expect(b.peer.audio.session.received.sources.size).toBe(1);
    expect(b.peer.audio.session.received.lost).toBe(0);
  });

  test('a picture takes the place of the other side, and gives it back with a key frame', async () => {
    const { a, b } = await stage.bridged();
    await show(a.peer, 'red');
    await untilSeesColour(b.peer, 'red');
    await b.endpoint.show({ png: await pngOf('yellow') });
    await untilSeesColour(b.peer, 'yellow');
    await b.endpoint.show(undefined);
    await untilSeesColour(b.peer, 'red');
    expect(b.peer.video.session.received.lost).toBe(0);
  });

  test('a key frame that one side asks for is asked of the other', async () => {
    const { a, b } = await stage.bridged();
    await show(a.peer, 'red');
    await untilSeesColour(b.peer, 'red');
    for (const ask of ['sendPli', 'sendFir'] as const) {
      const before = asked(a.peer.video.session.received.rtcp);
      b.peer.video.session[ask]();
      await untilEvent(
        (check) => a.peer.video.session.on('rtcp', check),
        () => asked(a.peer.video.session.received.rtcp) > before,
        'being asked for a key frame',
      );
      // Who asks again before it has come is not a new one that asks.
      await b.peer.video.next('frame', { where: (frame) => frame.key });
    }
  });

  test('refresh asks the peer for a key frame', async () => {
    const { peer, endpoint } = await stage.calls();
    const media = new Promise<void>((resolve) => endpoint.events.on('media', (kind) => kind === 'video' && resolve()));
    await show(peer, 'red');
    await media;
    const before = asked(peer.video.session.received.rtcp);
    endpoint.refresh();
    await untilEvent(
      (check) => peer.video.session.on('rtcp', check),
      () => asked(peer.video.session.received.rtcp) > before,
      'being asked for a key frame',
    );
  });
}

function asked(rtcp: { pli: number; fir: number }): number {
  return rtcp.pli + rtcp.fir;
}

/** A second of a tone in packets of 20 ms. */
async function packetsOf(codec: 'opus' | 'g722'): Promise<Extract<Voice, { packets: unknown }>> {
  const source = ['-f', 'lavfi', '-i', 'sine=frequency=440:duration=1'];
  if (codec === 'g722') {
    const bytes = await ffmpeg([...source, '-ar', '16000', '-f', 'g722', '-']);

    return { packets: Array.from({ length: 50 }, (_, index) => bytes.subarray(index * 160, index * 160 + 160)) };
  }

  return {
    packets: readOgg(await ffmpeg([...source, '-c:a', 'libopus', '-frame_duration', '20', '-f', 'ogg', '-'])).slice(2),
  };
}

/** Packets of an Ogg stream (RFC 3533). */
function readOgg(file: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  let pieces: Buffer[] = [];
  for (let at = 0; at + 27 <= file.length;) {
    const lacing = file.subarray(at + 27, at + 27 + file[at + 26]!);
    at += 27 + lacing.length;
    for (const size of lacing) {
      pieces.push(file.subarray(at, at + size));
      at += size;
      if (size === 255) continue;
      packets.push(Buffer.concat(pieces));
      pieces = [];
    }
  }

  return packets;
}
