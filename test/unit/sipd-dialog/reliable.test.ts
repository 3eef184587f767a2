import { ManualClock } from '../../../src/lib/clock';
import { ReliableProvisionals } from '../../../src/sipd/dialog/reliable';
import { SipResponse } from '../../../src/sipd/message/message';
import { defaultTimers } from '../../../src/sipd/transaction/timers';

function setUp(): {
  clock: ManualClock;
  sent: SipResponse[];
  log: string[];
  reliable: ReliableProvisionals;
  rack: (response: SipResponse) => string;
} {
  const clock = new ManualClock();
  const sent: SipResponse[] = [];
  const log: string[] = [];
  const reliable = new ReliableProvisionals(
    clock,
    defaultTimers,
    5,
    (one) => sent.push(one),
    () => log.push('timeout'),
  );

  return { clock, sent, log, reliable, rack: (response) => `${response.headers.get('RSeq')} 5 INVITE` };
}

const progress = (): SipResponse => new SipResponse(183, 'Session Progress');

describe('reliable provisional responses (RFC 3262)', () => {
  test('are repeated with doubled pauses until the PRACK', () => {
    const { clock, sent, reliable, rack } = setUp();
    const response = progress();
    reliable.send(response);
    clock.advance(500 + 1000 + 2000);
    expect(sent).toHaveLength(4);
    expect(reliable.acknowledge('1 5 INVITE')).toBe(false);
    expect(reliable.acknowledge(rack(response).replace('5 INVITE', '6 INVITE'))).toBe(false);
    expect(reliable.acknowledge(rack(response))).toBe(true);
    expect(reliable.acknowledge(rack(response))).toBe(false);
    clock.advance(100_000);
    expect(sent).toHaveLength(4);
    expect(clock.pendingCount).toBe(0);
  });

  test('go out one after another, each numbered one higher', () => {
    const { sent, reliable, rack } = setUp();
    const [first, second] = [progress(), progress()];
    reliable.send(first);
    reliable.send(second);
    expect(sent).toEqual([first]);
    reliable.acknowledge(rack(first));
    expect(sent).toEqual([first, second]);
    expect(Number(second.headers.get('RSeq'))).toBe(Number(first.headers.get('RSeq')) + 1);
  });

  test('hold the final response back', () => {
    const { log, reliable, rack } = setUp();
    const response = progress();
    reliable.send(response);
    reliable.whenDone(() => log.push('final'));
    expect(log).toEqual([]);
    reliable.acknowledge(rack(response));
    expect(log).toEqual(['final']);
    reliable.whenDone(() => log.push('at once'));
    expect(log).toEqual(['final', 'at once']);
  });

  test('give up after 64*T1', () => {
    const { clock, log, reliable } = setUp();
    reliable.send(progress());
    reliable.whenDone(() => log.push('final'));
    clock.advance(32_000);
    expect(log).toEqual(['timeout']);
    expect(clock.pendingCount).toBe(0);
  });
});
