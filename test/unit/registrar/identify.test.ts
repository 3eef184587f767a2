import { createIdentify } from '../../../src/sip/registrar/identify';
import type { Caller } from '../../../src/sip/registrar/identify';
import type { RegistrarSite } from '../../../src/sip/registrar/site';
import { exchange } from './wire';
import type { Peer } from './wire';
import { authorization, demoSite, newAuthenticator, nonceFor, requestText } from './site';
import type { RequestParts } from './site';

function setUp(site: () => RegistrarSite = () => demoSite) {
  const { authenticator, ports } = newAuthenticator();
  const identify = createIdentify({ site, authenticator, log: ports.log });
  const who = async (parts: Partial<RequestParts>, peer: Peer = {}) => {
    let caller: Caller | undefined;
    const answer = await exchange(
      async (req, res) => {
        caller = await identify(req, res);
        if (caller) res.send(200);
      },
      requestText({ method: 'INVITE', uri: 'sip:6100@sightline.test', ...parts }),
      peer,
    );

    return { caller, status: answer.status };
  };
  const credentials = (user: string, password: string): string =>
    authorization({
      nonce: nonceFor(ports),
      username: user,
      password,
      method: 'INVITE',
      uri: 'sip:6100@sightline.test',
    });

  return { who, credentials };
}

describe('identify', () => {
  it('challenges who shows no credentials', async () => {
    expect(await setUp().who({})).toEqual({ caller: undefined, status: 401 });
  });

  it.each([
    ['1001', 'demo-terminal', 'terminal'],
    ['2001', 'demo-seat', 'seat'],
  ])('names %s by its credentials', async (user, password, kind) => {
    const { who, credentials } = setUp();
    expect((await who({ headers: [credentials(user, password)] })).caller).toEqual({
      user,
      kind,
      source: { transport: 'udp', address: '192.0.2.1', port: 5070 },
    });
  });

  it('believes credentials, not the From header', async () => {
    const { who, credentials } = setUp();
    const { caller } = await who({
      from: '<sip:2001@sightline.test>',
      headers: [credentials('1001', 'demo-terminal')],
    });
    expect(caller).toMatchObject({ user: '1001', kind: 'terminal' });
  });

  it.each([
    ['a terminal', '<sip:1001@sightline.test>', '1001', 'terminal'],
    ['a seat: calling needs no seat', '<sip:2001@sightline.test>', '2001', 'trusted'],
    ['a stranger', '"A, B" <sip:caller@elsewhere.test:5080>', 'caller', 'trusted'],
    ['a telephone number', '<tel:+4930123>', '+4930123', 'trusted'],
    ['nobody', '<sip:elsewhere.test>', '', 'trusted'],
  ])('takes the From header on a trusted network: %s', async (_what, from, user, kind) => {
    const { caller } = await setUp().who({ from }, { address: '10.0.0.5', protocol: 'TCP', port: 40000 });
    expect(caller).toEqual({ user, kind, source: { transport: 'tcp', address: '10.0.0.5', port: 40000 } });
  });

  it('takes IPv4 addresses written as IPv6 for what they are', async () => {
    expect((await setUp().who({}, { address: '::ffff:10.0.0.5' })).status).toBe(200);
    expect((await setUp().who({}, { address: '2001:db8::1' })).status).toBe(401);
  });

  it('answers 400 to a From that cannot be read, on a trusted network too', async () => {
    expect(await setUp().who({ from: '<sip:a@b' }, { address: '10.0.0.5' })).toEqual({
      caller: undefined,
      status: 400,
    });
  });

  it('refuses a user whom an edit has removed meanwhile', async () => {
    const { who, credentials } = setUp(() => ({ ...demoSite, kindOf: () => undefined }));
    expect(await who({ headers: [credentials('1001', 'demo-terminal')] })).toEqual({ caller: undefined, status: 403 });
  });
});
