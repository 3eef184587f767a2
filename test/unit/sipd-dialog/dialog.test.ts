import { Dialog } from '../../../src/sipd/dialog/dialog';
import type { DialogSeed } from '../../../src/sipd/dialog/dialog';
import { DialogTable } from '../../../src/sipd/dialog/dialog-table';
import { UnroutableError } from '../../../src/sipd/dialog/target';
import { Headers, SipRequest, SipResponse } from '../../../src/sipd/message/message';
import type { Flow } from '../../../src/sipd/transport/types';
import { WrongArrowError } from '../../../src/lib/state-table';

function seed(changes: Partial<DialogSeed> = {}): DialogSeed {
  return {
    role: 'uas',
    method: 'INVITE',
    callId: 'call-1',
    localTag: 'ours',
    remoteTag: 'theirs',
    local: '<sip:a@here>;tag=ours',
    remote: '<sip:b@there>;tag=theirs',
    localSeq: 7,
    remoteSeq: 1,
    target: 'sip:b@192.0.2.7:5080',
    routes: [],
    contact: '<sip:192.0.2.1>',
    ...changes,
  };
}

function flow(changes: Partial<Flow> = {}): Flow {
  return {
    id: 'f1',
    transport: 'udp',
    local: { address: '192.0.2.1', port: 5060 },
    remote: { address: '192.0.2.7', port: 5080 },
    ...changes,
  };
}

describe('requests inside a dialog (RFC 3261 section 12.2.1.1)', () => {
  test('without routes they go to the target', () => {
    const dialog = new Dialog(seed());
    const request = dialog.request('INFO');
    expect(request.uri).toBe('sip:b@192.0.2.7:5080');
    expect(request.headers.has('Route')).toBe(false);
    expect(request.headers.get('From')).toBe('<sip:a@here>;tag=ours');
    expect(request.headers.get('To')).toBe('<sip:b@there>;tag=theirs');
    expect(request.headers.get('CSeq')).toBe('8 INFO');
    expect(dialog.request('BYE').headers.get('CSeq')).toBe('9 BYE');
    expect(dialog.destination()).toEqual({ transport: 'udp', address: '192.0.2.7', port: 5080 });
  });

  test('an ACK takes the number of its INVITE', () => {
    const dialog = new Dialog(seed());
    expect(dialog.request('ACK', 3).headers.get('CSeq')).toBe('3 ACK');
    expect(dialog.localSeq).toBe(7);
  });

  test('a loose router keeps the target in the Request-URI', () => {
    const dialog = new Dialog(seed({ routes: ['<sip:p1.test:5070;lr;transport=tcp>', '<sip:p2.test;lr>'] }));
    const request = dialog.request('BYE');
    expect(request.uri).toBe('sip:b@192.0.2.7:5080');
    expect(request.headers.all('Route')).toEqual(['<sip:p1.test:5070;lr;transport=tcp>', '<sip:p2.test;lr>']);
    expect(dialog.destination()).toEqual({ transport: 'tcp', address: 'p1.test', port: 5070 });
  });

  test('a strict router takes the Request-URI, and the target is the last route', () => {
    const dialog = new Dialog(seed({ routes: ['<sip:p1.test>', '<sip:p2.test;lr>'] }));
    const request = dialog.request('BYE');
    expect(request.uri).toBe('sip:p1.test');
    expect(request.headers.all('Route')).toEqual(['<sip:p2.test;lr>', '<sip:b@192.0.2.7:5080>']);
    expect(dialog.destination()).toMatchObject({ transport: 'udp', address: 'p1.test', port: 5060 });
  });
});

describe('where requests inside a dialog go', () => {
  test('a client on a stream is reached over its connection', () => {
    const tcp = flow({ transport: 'tcp' });
    expect(new Dialog(seed({ flow: tcp, routes: ['<sip:p.test;lr>'] })).destination()).toBe(tcp);
  });

  test('a client behind NAT is reached where it sends from', () => {
    const udp = flow({ remote: { address: '203.0.113.9', port: 40_000 } });
    expect(new Dialog(seed({ flow: udp, target: 'sip:b@10.0.0.3' })).destination()).toBe(udp);
    expect(new Dialog(seed({ flow: udp, target: 'sip:b@x.invalid' })).destination()).toBe(udp);
  });

  test('a Contact with another port of the same address, or a name, is believed', () => {
    const udp = flow({ remote: { address: '192.0.2.7', port: 40_000 } });
    expect(new Dialog(seed({ flow: udp })).destination()).toMatchObject({ port: 5080 });
    expect(new Dialog(seed({ flow: udp, target: 'sip:b@pbx.test' })).destination()).toMatchObject({
      address: 'pbx.test',
    });
  });

  test('what cannot be reached is said', () => {
    expect(() => new Dialog(seed({ target: 'sips:b@192.0.2.7;transport=udp' })).destination()).toThrow(UnroutableError);
    expect(() => new Dialog(seed({ target: 'sip:b@192.0.2.7;transport=sctp' })).destination()).toThrow(UnroutableError);
    expect(() => new Dialog(seed({ target: 'tel:+4312345' })).destination()).toThrow(UnroutableError);
  });
});

describe('the state of a dialog', () => {
  test('early, confirmed, ending, ended', () => {
    const dialog = new Dialog(seed());
    expect(dialog.state).toBe('early');
    dialog.apply('confirm');
    dialog.apply('bye');
    expect(dialog.isOver).toBe(true);
    expect(() => dialog.apply('confirm')).toThrow(WrongArrowError);
    dialog.apply('end');
    expect(dialog.state).toBe('ended');
  });

  test('a target refresh takes only a Contact that can be read', () => {
    const dialog = new Dialog(seed());
    const answer = (headers: Record<string, string>): SipResponse => new SipResponse(200, 'OK', Headers.from(headers));
    dialog.refreshTarget(answer({ Contact: '<sip:new@192.0.2.8>;expires=3, <sip:other@192.0.2.9>' }));
    expect(dialog.target).toBe('sip:new@192.0.2.8');
    dialog.refreshTarget(answer({ Contact: '<<<' }));
    dialog.refreshTarget(answer({ Contact: '*' }));
    dialog.refreshTarget(answer({}));
    expect(dialog.target).toBe('sip:new@192.0.2.8');
  });
});

describe('the table of dialogs', () => {
  function request(fromTag: string, toTag: string): SipRequest {
    return new SipRequest(
      'BYE',
      'sip:x',
      Headers.from({ From: `<sip:b@there>;tag=${fromTag}`, To: `<sip:a@here>;tag=${toTag}`, 'Call-ID': 'call-1' }),
    );
  }

  test('the id is that of drachtio-server: Call-ID and the tag of the caller', () => {
    expect(new Dialog(seed()).id).toBe('call-1;from-tag=theirs');
    expect(new Dialog(seed({ role: 'uac' })).id).toBe('call-1;from-tag=ours');
  });

  test.each(['uas', 'uac'] as const)('a request finds its dialog as %s by both tags', (role) => {
    const table = new DialogTable();
    const dialog = new Dialog(seed({ role }));
    table.add(dialog);
    expect(table.match(request('theirs', 'ours'))).toBe(dialog);
    expect(table.match(request('ours', 'theirs'))).toBeUndefined();
    expect(table.match(request('theirs', 'other'))).toBeUndefined();
    expect(table.remove(dialog)).toBe(true);
    expect(table.remove(dialog)).toBe(false);
    expect(table.match(request('theirs', 'ours'))).toBeUndefined();
    expect(table.size).toBe(0);
  });

  test('branches of a fork share the id and are told apart by the tag of the peer', () => {
    const table = new DialogTable();
    const branches = ['a', 'b', 'c'].map((remoteTag) => new Dialog(seed({ role: 'uac', remoteTag })));
    for (const dialog of branches) table.add(dialog);
    expect(table.match(request('b', 'ours'))).toBe(branches[1]);
    expect(table.byId('call-1;from-tag=ours')).toBe(branches[2]);
    branches[0]!.apply('confirm');
    expect(table.byId('call-1;from-tag=ours')).toBe(branches[0]);
    expect([...table]).toHaveLength(3);
    for (const dialog of branches) table.remove(dialog);
    expect(table.size).toBe(0);
    expect(table.byId('call-1;from-tag=ours')).toBeUndefined();
  });
});
