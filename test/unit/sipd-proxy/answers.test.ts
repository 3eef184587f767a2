import { Headers } from '../../../src/sipd/message/message';
import { ProxyStage } from './stage';

let stage: ProxyStage;

beforeEach(() => {
  stage = new ProxyStage();
});

/** All targets at once. */
const atOnce = () => ({ targets: [stage.bob.uri, stage.carol.uri], simultaneous: true });
const inTurn = () => ({ targets: [stage.bob.uri, stage.carol.uri] });

/** Alice and those who were called, as they heard it. */
async function expectHeard(heard: { alice: string[]; bob?: string[]; carol?: string[] }): Promise<void> {
  await stage.pass(0);
  const { alice, bob, carol } = stage;
  expect({ alice: alice.heard, bob: bob.heard, carol: carol.heard }).toEqual({ bob: [], carol: [], ...heard });
}

afterEach(() => stage.expectNothingLeft());

describe('a caller who gives up (RFC 3261 section 16.10)', () => {
  test('every target is cancelled, the silent one when it has said something', async () => {
    const sent = await stage.call(atOnce());
    stage.bob.answer(180);
    await stage.pass(0);
    sent.cancel();
    await expectHeard({ alice: ['180'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
    stage.bob.answer(487);
    stage.carol.answer(180);
    await expectHeard({ alice: ['180', '180'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE', 'CANCEL'] });
    stage.carol.answer(487);
    await expectHeard({ alice: ['180', '180', '487'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE', 'CANCEL'] });
    expect(stage.told).toEqual(['487', '487', 'done']);
  });

  test('nobody else is asked', async () => {
    const sent = await stage.call(inTurn());
    stage.bob.answer(180);
    await stage.pass(0);
    sent.cancel();
    await stage.pass(0);
    stage.bob.answer(486);
    await expectHeard({ alice: ['180', '487'], bob: ['INVITE', 'CANCEL'] });
  });

  test('a target that never says anything is not cancelled, and the caller is answered 487 after 8*T1', async () => {
    const sent = await stage.call({});
    await stage.pass(200);
    sent.cancel();
    await stage.pass(3975);
    await expectHeard({ alice: ['100'], bob: ['INVITE'] });
    await stage.pass(50);
    await expectHeard({ alice: ['100', '487'], bob: ['INVITE'] });
    await stage.pass(28_000);
    expect([stage.sent('CANCEL'), stage.proxy.size]).toEqual([0, 0]);
  });

  test('a target that rings on is given up after 64*T1, and the caller is answered 487 after 8*T1', async () => {
    const sent = await stage.call({});
    stage.bob.answer(180);
    await stage.pass(0);
    sent.cancel();
    await stage.pass(3975);
    await expectHeard({ alice: ['180'], bob: ['INVITE', 'CANCEL'] });
    await stage.pass(50);
    await expectHeard({ alice: ['180', '487'], bob: ['INVITE', 'CANCEL'] });
    expect([stage.proxy.size, stage.told]).toEqual([1, []]);
    await stage.pass(28_000);
    expect([stage.proxy.size, stage.told]).toEqual([0, ['done']]);
  });

  test('the server may be stopped meanwhile', async () => {
    const sent = await stage.call({});
    stage.bob.answer(180);
    await stage.pass(0);
    sent.cancel();
    await stage.pass(0);
    stage.close();
    stage.closeParties();
    await stage.pass(25);
    expect(stage.clock.pendingCount).toBe(0);
  });

  test('a 200 that comes after that goes back too', async () => {
    const sent = await stage.call({});
    stage.bob.answer(180);
    await stage.pass(0);
    sent.cancel();
    await stage.pass(5000);
    stage.bob.answer(200);
    await stage.pass(0);
    expect(stage.sent('200 INVITE')).toBe(1);
    expect([stage.proxy.size, stage.told]).toEqual([0, ['200', 'done']]);
  });

  test('a 200 that the CANCEL did not catch goes back', async () => {
    const sent = await stage.call(atOnce());
    stage.bob.answer(180);
    await stage.pass(0);
    sent.cancel();
    await stage.pass(0);
    stage.bob.answer(200);
    await expectHeard({ alice: ['180', '200'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
    stage.carol.answer(486);
  });
});

describe('6xx (RFC 3261 section 16.7, step 5)', () => {
  test('cancels the others and wins', async () => {
    await stage.call(atOnce());
    stage.bob.answer(180);
    await stage.pass(0);
    stage.carol.answer(603);
    await expectHeard({ alice: ['180'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
    stage.bob.answer(487);
    await expectHeard({ alice: ['180', '603'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
  });

  test('goes back after 8*T1 when another does not answer its CANCEL', async () => {
    await stage.call(atOnce());
    stage.bob.answer(180);
    await stage.pass(0);
    stage.carol.answer(603);
    await stage.pass(3975);
    await expectHeard({ alice: ['180'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
    await stage.pass(50);
    await expectHeard({ alice: ['180', '603'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
  });

  test('ends the search', async () => {
    await stage.call(inTurn());
    stage.bob.answer(600);
    await expectHeard({ alice: ['600'], bob: ['INVITE'] });
  });

  test('does not hold up a 200 of another', async () => {
    await stage.call(atOnce());
    stage.bob.answer(180);
    await stage.pass(0);
    stage.carol.answer(603);
    await stage.pass(0);
    stage.bob.answer(200);
    await expectHeard({ alice: ['180', '200'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
  });
});

describe('challenges (RFC 3261 section 16.7, step 7)', () => {
  test('all of them go back in one', async () => {
    await stage.call(atOnce());
    stage.bob.answer(401, [['WWW-Authenticate', 'Digest realm="b", nonce="1"']]);
    await stage.pass(0);
    stage.carol.answer(407, [['Proxy-Authenticate', 'Digest realm="c", nonce="2"']]);
    await expectHeard({ alice: ['401'], bob: ['INVITE'], carol: ['INVITE'] });
    const { headers } = stage.alice.responses.at(-1)!;
    expect(headers.get('WWW-Authenticate')).toBe('Digest realm="b", nonce="1"');
    expect(headers.get('Proxy-Authenticate')).toBe('Digest realm="c", nonce="2"');
  });

  test('whoever rings goes on ringing', async () => {
    await stage.call(atOnce());
    stage.bob.answer(180);
    await stage.pass(0);
    stage.carol.answer(401);
    await expectHeard({ alice: ['180'], bob: ['INVITE'], carol: ['INVITE'] });
    stage.bob.answer(200);
    await expectHeard({ alice: ['180', '200'], bob: ['INVITE'], carol: ['INVITE'] });
  });

  test('nobody is asked before it is answered', async () => {
    await stage.call(inTurn());
    stage.bob.answer(407);
    await expectHeard({ alice: ['407'], bob: ['INVITE'] });
  });

  test('the request with the credentials is a new one: it goes to all', async () => {
    await stage.call(atOnce());
    stage.bob.answer(401, [['WWW-Authenticate', 'Digest realm="b", nonce="1"']]);
    stage.carol.answer(401, [['WWW-Authenticate', 'Digest realm="c", nonce="2"']]);
    await expectHeard({ alice: ['401'], bob: ['INVITE'], carol: ['INVITE'] });
    const credentials = 'Digest realm="b", username="alice", nonce="1", response="x"';
    await stage.call(atOnce(), 'INVITE', { CSeq: '2 INVITE', Authorization: credentials });
    await expectHeard({ alice: ['401'], bob: ['INVITE', 'INVITE'], carol: ['INVITE', 'INVITE'] });
    for (const party of [stage.bob, stage.carol]) {
      expect(party.request().headers.get('Authorization')).toBe(credentials);
      party.answer(486);
    }
    await expectHeard({ alice: ['401', '486'], bob: ['INVITE', 'INVITE'], carol: ['INVITE', 'INVITE'] });
  });
});

describe('time limits of the application', () => {
  test('whoever only rings is left for the next one, and a late 200 goes back too', async () => {
    await stage.call({ ...inTurn(), finalTimeout: 2000 });
    stage.bob.answer(180);
    await stage.pass(2000);
    await expectHeard({ alice: ['180'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
    stage.carol.answer(200);
    await stage.pass(0);
    stage.bob.answer(200);
    await expectHeard({ alice: ['180', '200', '200'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
    const tags = stage.alice.responses.slice(1).map(({ toTag }) => toTag);
    expect(tags).toEqual(['carol', 'bob']);
  });

  test('whoever is silent is left for the next one, and is cancelled when he rings', async () => {
    await stage.call({ ...inTurn(), provisionalTimeout: 1000 });
    await stage.pass(1000);
    await expectHeard({ alice: ['100'], bob: ['INVITE'], carol: ['INVITE'] });
    stage.carol.answer(100);
    stage.bob.answer(180);
    await stage.pass(2000);
    await expectHeard({ alice: ['100'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
    stage.bob.answer(487);
    stage.carol.answer(486);
    await expectHeard({ alice: ['100', '486'], bob: ['INVITE', 'CANCEL'], carol: ['INVITE'] });
  });

  test('when all were too slow the answer is 408', async () => {
    await stage.call({ ...atOnce(), finalTimeout: 500 });
    await stage.pass(500);
    await expectHeard({ alice: ['100', '408'], bob: ['INVITE'], carol: ['INVITE'] });
  });

  test('they end with the call, and with the server', async () => {
    await stage.call({ ...atOnce(), finalTimeout: 60_000 });
    stage.bob.answer(180);
    await stage.pass(0);
    stage.carol.answer(200);
    await stage.pass(0);
    stage.close();
    stage.closeParties();
    expect(stage.clock.pendingCount).toBe(0);
  });
});

describe('why a call is cancelled (RFC 3326)', () => {
  test.each([
    [200, 'SIP;cause=200;text="Call completed elsewhere"'],
    [603, 'SIP;cause=603'],
  ])('another has answered %i', async (status, reason) => {
    await stage.call(atOnce());
    stage.bob.answer(180);
    await stage.pass(0);
    stage.carol.answer(status);
    await stage.pass(0);
    expect(stage.bob.reasons).toEqual([reason]);
    stage.bob.answer(487);
  });

  test('the caller says why', async () => {
    const sent = await stage.call({});
    stage.bob.answer(180);
    await stage.pass(0);
    sent.cancel(Headers.from([['Reason', 'Q.850;cause=16']]));
    await stage.pass(0);
    expect(stage.bob.reasons).toEqual(['Q.850;cause=16']);
    stage.bob.answer(487);
  });
});

test('a second 200 goes back as the first', async () => {
  await stage.call(atOnce());
  stage.bob.answer(200);
  stage.carol.answer(200);
  await expectHeard({ alice: ['200', '200'], bob: ['INVITE'], carol: ['INVITE'] });
  expect(stage.alice.responses.map(({ toTag }) => toTag)).toEqual(['bob', 'carol']);
  expect(stage.told).toEqual(['200', 'done']);
});

test('a 503 is the business of the proxy alone: the caller is told 500', async () => {
  await stage.call({});
  stage.bob.answer(503, [['Retry-After', '3600']]);
  await expectHeard({ alice: ['500'], bob: ['INVITE'] });
  expect(stage.told).toEqual(['503', 'done']);
});

test('who is asked for twice is asked once (RFC 3261 section 16.5)', async () => {
  await stage.call({ targets: [stage.bob.uri, stage.carol.uri, stage.bob.uri] });
  stage.bob.answer(486);
  await stage.pass(0);
  stage.carol.answer(480);
  await expectHeard({ alice: ['486'], bob: ['INVITE'], carol: ['INVITE'] });
});

test('a target that cannot be reached counts as a 503', async () => {
  await stage.call({ targets: [stage.bob.uri, 'sip:nobody@192.0.2.3;transport=carrier-pigeon'] });
  stage.bob.answer(302);
  await expectHeard({ alice: ['302'], bob: ['INVITE'] });
  expect(stage.failures).toEqual([]);
});

describe('the Vias of others', () => {
  test('come back to a response that lost them', async () => {
    await stage.call({});
    const { headers } = stage.bob.request();
    headers.set('Via', headers.first('Via')!);
    stage.bob.answer(486);
    await expectHeard({ alice: ['486'], bob: ['INVITE'] });
  });

  test.each(['SIP/2.0/UDP 192.0.2.4;branch=z9hG4bKx', 'SIP/2.0/UDP', '@'])(
    'are not what a target says: %s',
    async (via) => {
      await stage.call(atOnce());
      stage.bob.answer(200);
      await stage.pass(0);
      const { headers } = stage.carol.request();
      headers.set('Via', [headers.first('Via')!, via]);
      stage.carol.answer(200);
      await expectHeard({ alice: ['200', '200'], bob: ['INVITE'], carol: ['INVITE'] });
    },
  );
});

describe('redirections', () => {
  const following = () => ({ followRedirects: true });

  test('are followed in the order of their q', async () => {
    await stage.call(following());
    stage.bob.answer(302, [
      ['Contact', `<${stage.dave.uri}>;q=0.1`],
      ['Contact', `<${stage.carol.uri};method=BYE?Subject=spam>;q=0.9`],
    ]);
    await expectHeard({ alice: [], bob: ['INVITE'], carol: ['INVITE'] });
    expect(stage.dave.heard).toEqual([]);
    expect(stage.carol.request().uri).toBe(stage.carol.uri);
    stage.carol.answer(404);
    await stage.pass(0);
    stage.dave.answer(486);
    await expectHeard({ alice: ['404'], bob: ['INVITE'], carol: ['INVITE'] });
  });

  test('to what is not SIP go back to the caller', async () => {
    await stage.call(following());
    stage.bob.answer(302, [['Contact', '<mailto:bob@example.com>']]);
    await expectHeard({ alice: ['302'], bob: ['INVITE'] });
  });

  test('to those who were asked already go back to the caller', async () => {
    await stage.call(following());
    stage.bob.answer(302, [['Contact', `<${stage.bob.uri}>`]]);
    await expectHeard({ alice: ['302'], bob: ['INVITE'] });
  });

  test('lead to no more than 64 places', async () => {
    await stage.call(following());
    for (let i = 0; i < 70; i += 1) {
      // To Bob it would be one call that came by many ways.
      stage.bob.layer['merges'].clear();
      stage.bob.answer(302, [['Contact', `<sip:${i}@192.0.2.2>`]]);
      await stage.pass(0);
      if (stage.alice.heard.length > 0) break;
    }
    expect(stage.bob.heard).toHaveLength(64);
    expect(stage.alice.heard).toEqual(['302']);
  });
});

describe('requests other than INVITE (RFC 4320)', () => {
  test('are not answered when no target answers in time', async () => {
    await stage.call(inTurn(), 'MESSAGE');
    await stage.pass(40_000);
    expect(stage.alice.heard).toEqual(['timeout']);
    expect(stage.sent('408 MESSAGE')).toBe(0);
    expect(stage.carol.heard).toEqual([]);
    expect(stage.told).toEqual(['done']);
  });

  test('are not answered 408 either when a target says so', async () => {
    await stage.call({}, 'MESSAGE');
    stage.bob.answer(408, [], 'MESSAGE');
    await stage.pass(0);
    expect([stage.alice.heard, stage.told]).toEqual([[], ['408', 'done']]);
  });

  test('are answered with what another target said', async () => {
    await stage.call({ ...inTurn(), provisionalTimeout: 1000 }, 'MESSAGE');
    await stage.pass(1000);
    stage.carol.answer(404, [], 'MESSAGE');
    await stage.pass(0);
    expect(stage.alice.heard).toEqual(['404']);
  });

  test('are answered with a 6xx while another target is silent', async () => {
    await stage.call(atOnce(), 'MESSAGE');
    stage.carol.answer(603, [], 'MESSAGE');
    await stage.pass(3975);
    expect(stage.alice.heard).toEqual([]);
    await stage.pass(50);
    expect(stage.alice.heard).toEqual(['603']);
  });

  test('are answered once, and not provisionally', async () => {
    await stage.call(atOnce(), 'MESSAGE');
    stage.bob.answer(180, [], 'MESSAGE');
    stage.carol.answer(200, [], 'MESSAGE');
    await stage.pass(0);
    stage.bob.answer(202, [], 'MESSAGE');
    await stage.pass(0);
    expect(stage.alice.heard).toEqual(['200']);
    expect(stage.sent('202 MESSAGE')).toBe(0);
  });
});
