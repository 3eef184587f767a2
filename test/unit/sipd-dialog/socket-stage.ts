import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { ManualClock } from '../../../src/lib/clock';
import { silentLogger } from '../../../src/lib/logger';
import { LocalSrf } from '../../../src/sipd/local/local-srf';
import { startSipd } from '../../../src/sipd/server';
import type { Sipd } from '../../../src/sipd/server';

/** A whole SIP server by a clock that is moved by hand, an application in its process, and the socket of a phone. */
export interface SocketStage {
  clock: ManualClock;
  sipd: Sipd;
  srf: LocalSrf;
  phone: Socket;
  close(): Promise<void>;
}

/** @param prepare what the application does before it connects */
export async function openSocketStage(prepare: (srf: LocalSrf) => void = () => undefined): Promise<SocketStage> {
  const clock = new ManualClock();
  const phone = createSocket('udp4').bind(0, '127.0.0.1');
  await once(phone, 'listening');
  const sipd = await startSipd({
    ...{ host: '127.0.0.1', udpPort: 0, controlPort: 0, secret: 'x', log: silentLogger, clock },
  });
  const srf = new LocalSrf(silentLogger);
  srf.serve(sipd.local);
  prepare(srf);
  srf.connect();
  await once(srf, 'connect');
  const close = async (): Promise<void> => {
    srf.disconnect();
    await sipd.close();
    phone.close();
  };

  return { clock, sipd, srf, phone, close };
}
