import { Baresip } from '../../support/baresip';
import { closeSharedRedis } from '../../support/redis';
import { runSipp } from '../../support/sipp';
import { startHelpServer } from '../help/server';

// Clients that nobody here wrote: what they make of the challenges, and whether they come through.
describe('clients of others', () => {
  let server: Awaited<ReturnType<typeof startHelpServer>>;
  beforeEach(async () => {
    server = await startHelpServer();
  });
  afterEach(() => server.close());
  afterAll(closeSharedRedis);

  it('baresip registers', async () => {
    const phone = await Baresip.start({
      user: '1001',
      password: 'demo-terminal',
      domain: 'sightline.test',
      server: { host: '127.0.0.1', port: server.port },
      video: false,
    });
    try {
      await phone.untilRegistered();
      const [binding] = await server.bindings.lookup('1001');
      expect(binding?.route).toEqual({ transport: 'udp', address: '127.0.0.1', port: phone.sipPort });
    } finally {
      await phone.stop();
    }
    expect(await server.bindings.lookup('1001')).toEqual([]);
  });

  it('sipp registers, whoever it is', async () => {
    const remote = { host: '127.0.0.1', port: server.port };
    const login = { user: '1002', password: 'demo-terminal' };
    await runSipp({ scenario: 'uac-register', remote, login, calls: 5 });
    expect((await server.bindings.lookup('1002')).length).toBe(1);
  });
});
