import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { LocalSrf } from '../../../src/sipd/local/local-srf';
import type { LocalAnswer, LocalRequest } from '../../../src/sipd/local/messages';
import { startSipd } from '../../../src/sipd/server';

test('a server takes its time from the clock that it is given', async () => {
  const clock = new ManualClock();
  const deaf = createSocket('udp4').bind(0, '127.0.0.1');
  await once(deaf, 'listening');
  const options = { host: '127.0.0.1', udpPort: 0, controlPort: 0, secret: 'x', log: silentLogger, clock };
  const server = await startSipd(options);
  const srf = new LocalSrf(silentLogger);
  srf.serve(server.local);
  srf.connect();
  try {
    await once(srf, 'connect');
    const heard = once(deaf, 'message');
    const answered = new Promise<number>((resolve, reject) => {
      srf.request(`sip:127.0.0.1:${deaf.address().port}`, { method: 'OPTIONS' }, (error, req?: LocalRequest) => {
        if (error) reject(error as Error);
        req?.on('response', ({ status }: LocalAnswer) => resolve(status));
      });
    });
    await heard;
    expect(clock.pendingCount).toBe(1);
    clock.advance(33_000);
    expect(await answered).toBe(408);
    clock.advance(100);
    expect(clock.pendingCount).toBe(0);
  } finally {
    srf.disconnect();
    await server.close();
    deaf.close();
  }
});
