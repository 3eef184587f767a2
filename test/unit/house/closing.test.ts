import { dialScreen, nextCall, World } from '../../scenarios/world';

const stopping = 'SIP;cause=503;text="Server is stopping"';

/** What docs/closing.md says of a stop of the embedded SIP server, seen from outside. */
test('a server that stops takes leave of everybody, and leaves nothing behind', async () => {
  const world = await World.open({ env: { DRACHTIO_URL: undefined } });
  try {
    const seat = await world.seat('2001');
    const ringing = nextCall(seat);
    const talking = await dialScreen(await world.terminal('1001', { screen: true }), '6100');
    const seatCall = await ringing;
    seatCall.answer();
    await talking.screen.waitFor('connected');
    const reading = await dialScreen(await world.terminal('1002', { screen: true }), '6001');
    await reading.screen.waitFor('page');
    const waiting = (await world.terminal('1003')).invite('6100');
    await waiting.next('provisional', { where: (one) => one.status === 180 });

    world.server.child.signal('SIGTERM');
    expect((await waiting.untilEnded()).status).toBe(503);
    for (const { call, screen } of [talking, reading]) {
      expect(await screen.waitFor('end')).toMatchObject({ reason: 'shutdown' });
      expect(await call.untilEnded()).toMatchObject({ by: 'remote', reason: stopping });
    }
    expect(await seatCall.untilEnded()).toMatchObject({ by: 'remote', reason: stopping });
    expect(await world.server.child.exited).toMatchObject({ code: 0 });
    await expect(fetch(`${world.server.url}/healthz`)).rejects.toThrow();
  } finally {
    await world.close();
  }
}, 30_000);
