import tls from 'node:tls';
import { once } from 'node:events';
import { EdgeChoice } from '../../../src/app/edge';
import type { SitePlans } from '../../../src/app/plans';
import { Closer } from '../../../src/lib/closer';
import { readConfig } from '../../../src/lib/config';
import { createLogger } from '../../../src/lib/logger';
import { heldTo } from '../../../src/lib/trust';
import { Authority } from '../../support/certificates';
import { freeTcpPort } from '../../support/ports';

/** With FreeSWITCH the application commands the SIP server of its own process over the control port. */

let closer: Closer;
beforeEach(() => {
  closer = new Closer(() => undefined);
});
afterEach(() => closer.close());

test.each(['127.0.0.1', '0.0.0.0'])(
  'the control port at %s speaks TLS with a certificate for whatever name, and the application trusts its own',
  async (controlHost) => {
    const authority = await Authority.create();
    closer.add('authority', () => authority.remove());
    const files = await authority.issue(['DNS:sip.example.test']);
    const controlPort = await freeTcpPort();
    const config = readConfig({
      ...{ SIGHTLINE_SIP_PORT: '0', SIGHTLINE_WS_PORT: '0', FREESWITCH_URL: 'esl://:unused@127.0.0.1:1' },
      ...{
        SIGHTLINE_CONTROL_HOST: controlHost,
        SIGHTLINE_CONTROL_PORT: `${controlPort}`,
        SIGHTLINE_ROUTE: 'reject:603',
      },
      ...{ SIGHTLINE_CONTROL_TLS_CERT: files.cert, SIGHTLINE_CONTROL_TLS_KEY: files.key },
    });
    const lines: string[] = [];
    const log = createLogger('warn', { write: (line) => void lines.push(line) });
    const hosts: string[] = [];
    const plans = { addHost: (host: string) => void hosts.push(host) } as unknown as SitePlans;
    const { sip } = await new EdgeChoice({ config, log, closer }).connect(plans);
    expect([sip.host, hosts.includes('127.0.0.1')]).toEqual(['127.0.0.1', true]);
    expect(lines.join('')).toContain('SIGHTLINE_ROUTE is for `sightline sipd`');

    const other = tls.connect({
      host: '127.0.0.1',
      port: controlPort,
      servername: 'sip.example.test',
      ...heldTo(files.ca),
    });
    await once(other, 'secureConnect');
    other.destroy();
  },
);
