import path from 'node:path';
import { show, pngOf, tone, untilHears } from '../../../support/rtp-peer';
import { expectCode, type Stage } from '../support/stage';

/** What is closed is gone, says so, and holds nothing. */
export function closingStories(stage: Stage): void {
  test('every method of a closed endpoint refuses', async () => {
    const { peer, endpoint } = await stage.calls();
    const offer = peer.offer();
    await endpoint.close();
    await endpoint.close();
    expect(endpoint.closed).toBe(true);
    const png = await pngOf('red');
    await expectCode(endpoint.accept(offer), 'MEDIA_GONE');
    await expectCode(endpoint.answer(offer), 'MEDIA_GONE');
    await expectCode(endpoint.offer(), 'MEDIA_GONE');
    await expectCode(endpoint.show({ png }), 'MEDIA_GONE');
    await expectCode(endpoint.show(undefined), 'MEDIA_GONE');
    await expectCode(endpoint.sendDtmf('1'), 'MEDIA_GONE');
    await expectCode(endpoint.snapshot(), 'MEDIA_GONE');
    await expectCode(endpoint.mute('audio', 'to', true), 'MEDIA_GONE');
    await expectCode(endpoint.stats(), 'MEDIA_GONE');
    endpoint.refresh();
    const playback = endpoint.play({ files: [await stage.sound(440, 1)] });
    await playback.started;
    expect((await playback.done).how).toBe('failed');
  });

  test('the peer gets nothing more, and a BYE by RTCP', async () => {
    const { peer, endpoint } = await stage.calls();
    peer.audio.say(tone(440));
    endpoint.play({ files: [await stage.sound(440, 1)], loop: true });
    await untilHears(peer, [440]);
    const silent = stage.engine.traits.endsSilently;
    const bye = silent ? undefined : peer.audio.session.next('rtcp', { where: (part) => part.type === 'bye' });
    await endpoint.close();
    await bye;
  });

  test('what waits is refused when its endpoint closes', async () => {
    const { endpoint } = await stage.calls();
    const snapshot = expectCode(endpoint.snapshot(), 'MEDIA_GONE');
    await endpoint.close();
    await snapshot;
  });

  test('ports are given back however an endpoint was used', async () => {
    for (let count = 0; count < 5; count++) {
      const { a, b } = await stage.bridged();
      await show(a.peer, 'red');
      const recording = await stage.server.record([a.endpoint, b.endpoint], {
        base: path.join(stage.folder, `give-${count}`),
      });
      const playback = a.endpoint.play({ files: [await stage.sound(440, 1)] });
      await playback.started;
      await Promise.all([a.endpoint.close(), b.endpoint.close()]);
      await recording.stop();
      expect(stage.server.load()).toMatchObject({ endpoints: 0, ports: 0 });
    }
  });

  test('an offer that is never answered gives everything back when it is closed', async () => {
    const endpoint = await stage.endpoint();
    expect(stage.server.load().endpoints).toBe(1);
    await endpoint.close();
    expect(stage.server.load()).toMatchObject({ endpoints: 0, ports: 0 });
  });

  test('one that is offered beside a closed one is refused', async () => {
    const { endpoint } = await stage.calls();
    await endpoint.close();
    await expectCode(stage.endpoint({ beside: endpoint }), 'MEDIA_GONE');
  });
}
