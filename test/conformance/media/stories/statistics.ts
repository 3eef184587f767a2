import { show, tone, untilEvent, untilHears } from '../../../support/rtp-peer';
import type { EndpointStats } from '../../../../src/media/port';
import type { Side, Stage } from '../support/stage';

/** `stats` and `load`. */
export function statisticStories(stage: Stage): void {
  test('packets, bytes and bit rate are counted both ways', async () => {
    const { a, b } = await stage.bridged();
    a.peer.audio.say(tone(440));
    b.peer.audio.say(tone(1000));
    await show(a.peer, 'red');
    const stats = await statsOf(
      a,
      ({ audio, video }) => (audio?.received.bitRate ?? 0) > 0 && (video?.received.packets ?? 0) > 20,
    );
    expect(stats.audio!.received.packets).toBeLessThanOrEqual(a.peer.audio.session.sent.packets);
    expect(stats.audio!.received.packets).toBeGreaterThan(20);
    expect(stats.audio!.received.bitRate).toBeGreaterThan(30_000);
    expect(stats.audio!.received.bitRate).toBeLessThan(130_000);
    expect(stats.audio!.received.lost).toBe(0);
    expect(stats.audio!.sent.packets).toBeGreaterThan(10);
    expect(stats.video!.received.bytes).toBeGreaterThan(1000);
  });

  test('what was lost on the way is told, in the statistics and to the peer', async () => {
    const { peer, endpoint } = await stage.calls({ video: [] });
    peer.audio.say(tone(440));
    const playback = endpoint.play({ files: [await stage.sound(1000, 1)], loop: true });
    await untilHears(peer, [1000]);
    for (let count = 0; count < 5; count++) peer.audio.session.skip();
    await statsOf({ peer, endpoint }, ({ audio }) => audio?.received.lost === 5);
    if ((peer.audio.session.lastReport?.lost ?? 0) < 5) {
      await peer.audio.session.next('rtcp', { where: () => (peer.audio.session.lastReport?.lost ?? 0) >= 5 });
    }
    playback.stop();
  });

  test('the round trip is known once reports have gone both ways', async () => {
    const { a, b } = await stage.bridged({ video: [] }, { video: [] });
    a.peer.audio.say(tone(440));
    b.peer.audio.say(tone(1000));
    const { roundTrip } = await statsOf(a, (stats) => stats.roundTrip !== undefined);
    expect(roundTrip).toBeLessThan(500);
  });

  test('the load tells how many there are', async () => {
    const before = stage.server.load();
    expect(before).toMatchObject({ endpoints: 0, ports: 0 });
    await stage.calls();
    await stage.calls({ video: [] });
    const { endpoints, busy } = stage.server.load();
    expect(endpoints).toBe(2);
    expect(busy).toBeGreaterThanOrEqual(0);
    expect(busy).toBeLessThanOrEqual(1);
  });
}

/** Statistics once they are as wanted; looked at with each report that the peer gets, which come all the time. */
async function statsOf({ peer, endpoint }: Side, wanted: (stats: EndpointStats) => boolean): Promise<EndpointStats> {
  const until = Date.now() + 8000;
  for (;;) {
    const stats = await endpoint.stats();
    if (wanted(stats)) return stats;
    if (Date.now() > until) throw new Error(`it never came to that; last: ${JSON.stringify(stats)}`);
    const { sr, rr } = peer.audio.session.received.rtcp;
    const reported = (): boolean => peer.audio.session.received.rtcp.sr + peer.audio.session.received.rtcp.rr > sr + rr;
    await untilEvent((check) => peer.audio.session.on('rtcp', check), reported, 'a report');
  }
}
