import { ManualClock } from '../../../src/lib/clock';
import { IceAgent, type Source } from '../../../src/media/embedded/secure/ice';
import { readIce, type RemoteIce } from '../../../src/media/embedded/secure/ice-lines';

/** Two agents and a network made of a list, in a time that stands still. */

interface End {
  agent: IceAgent;
  own: Source;
  events: string[];
}

class Net {
  readonly clock = new ManualClock();
  private readonly ends: End[] = [];
  private queue: { bytes: Buffer; from: Source; to: Source }[] = [];
  /** Says of each datagram whether it arrives. */
  carries: (from: Source, to: Source) => boolean = () => true;
  sent = 0;

  add(port: number, controlling: boolean): End {
    const own = { address: '127.0.0.1', port };
    const events: string[] = [];
    const agent = new IceAgent({
      own,
      controlling,
      clock: this.clock,
      send: (bytes, to) => {
        this.sent++;
        this.queue.push({ bytes, from: own, to: { address: to.address, port: to.port } });
      },
      onSelected: () => events.push('selected'),
      onFailed: (reason) => events.push(reason),
    });
    const end = { agent, own, events };
    this.ends.push(end);

    return end;
  }

  /** Delivers what is on its way, and what that brings about. */
  settle(): void {
    for (let next = this.queue.shift(); next; next = this.queue.shift()) {
      const { bytes, from, to } = next;
      const end = this.ends.find(({ own }) => own.port === to.port);
      if (end && this.carries(from, to)) end.agent.handle(bytes, from);
    }
  }

  pass(ms: number): void {
    for (let done = 0; done < ms; done += 50) {
      this.clock.advance(50);
      this.settle();
    }
  }
}

const described = ({ agent }: End, more: readonly string[] = []): RemoteIce => readIce([...agent.lines(), ...more])!;

function pair(roles: [boolean, boolean] = [true, false]) {
  const net = new Net();
  const [a, b] = [net.add(1000, roles[0]), net.add(2000, roles[1])];

  return { net, a, b };
}

function connect({ net, a, b }: ReturnType<typeof pair>): void {
  a.agent.connect(described(b));
  b.agent.connect(described(a));
  net.settle();
  net.pass(200);
}

test('both find the same way, and tell so once', () => {
  const both = pair();
  connect(both);
  const { a, b } = both;
  expect(a.agent.selected).toMatchObject(b.own);
  expect(b.agent.selected).toMatchObject(a.own);
  expect([a.events, b.events]).toEqual([['selected'], ['selected']]);
});

test.each([
  [true, true],
  [false, false],
] as const)('two that think of their roles alike (%s) settle it', (first, second) => {
  const both = pair([first, second]);
  connect(both);
  both.net.pass(1000);
  expect(both.a.agent.selected).toMatchObject(both.b.own);
  expect(both.b.agent.selected).toMatchObject(both.a.own);
});

test.each([1, 2, 3, 4, 5, 6])('what gets lost is sent again, on a network that loses half (%i)', (seed) => {
  const both = pair();
  let state = seed;
  both.net.carries = () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;

    return state > 2 ** 30;
  };
  connect(both);
  both.net.pass(20_000);
  expect(both.a.agent.selected).toMatchObject(both.b.own);
  expect(both.b.agent.selected).toMatchObject(both.a.own);
});

test('a peer whose candidates are names is found by its own checks', () => {
  const { net, a, b } = pair();
  const hidden = { ...described(a), candidates: [] };
  b.agent.connect(hidden);
  net.pass(500);
  expect(b.agent.selected).toBeUndefined();
  a.agent.connect(described(b));
  net.settle();
  net.pass(200);
  expect(b.agent.selected).toMatchObject(a.own);
});

test('a peer that only answers (ICE lite) is led by us', () => {
  const both = pair([false, false]);
  both.b.agent.connect(described(both.a));
  both.a.agent.connect(described(both.b, ['a=ice-lite']));
  both.net.pass(1000);
  expect(both.a.agent.selected).toMatchObject(both.b.own);
});

test('without a way it gives up after half a minute, and sends no more', () => {
  const both = pair();
  both.net.carries = () => false;
  connect(both);
  both.net.pass(31_000);
  expect(both.a.events).toEqual([expect.stringContaining('no way to the peer')]);
  const { sent } = both.net;
  both.net.pass(10_000);
  expect(both.net.sent).toBe(sent);
});

test('a peer that falls silent is given up after half a minute; one that answers again before is kept', () => {
  const both = pair();
  connect(both);
  both.net.carries = () => false;
  // We ask every 4 to 7 s: at least once more before the half minute is over.
  both.net.pass(20_000);
  both.net.carries = () => true;
  both.net.pass(10_000);
  expect(both.a.events).toEqual(['selected']);
  both.net.carries = () => false;
  both.net.pass(40_000);
  expect(both.a.events).toEqual(['selected', expect.stringContaining('does not answer any more')]);
});

test('after a restart a new way is found, and packets go the old one until then', () => {
  const both = pair();
  connect(both);
  const { net, a, b } = both;
  const moved = net.add(3000, true);
  const before = b.agent.lines();
  b.agent.connect(described(moved));
  expect(b.agent.lines()).not.toEqual(before);
  expect(b.agent.selected).toMatchObject(a.own);
  moved.agent.connect(described(b));
  net.settle();
  net.pass(1000);
  expect(b.agent.selected).toMatchObject(moved.own);
  expect(moved.agent.selected).toMatchObject(b.own);
});

test('who does not know the password is not answered, and changes nothing', () => {
  const both = pair();
  connect(both);
  const { net, a, b } = both;
  const stranger = net.add(4000, true);
  stranger.agent.connect({ ...described(b), pwd: 'a-guess-that-is-as-long-as-it-has-to-be' });
  net.settle();
  net.pass(3000);
  expect(stranger.agent.selected).toBeUndefined();
  expect(b.agent.selected).toMatchObject(a.own);
  expect(b.agent.knows(stranger.own)).toBe(false);
});

test('reads candidates of other hands, and leaves out what cannot be used', () => {
  const lines = [
    'a=ice-ufrag:abcd',
    'a=ice-pwd:0123456789012345678901',
    'a=candidate:1 1 UDP 2122194687 192.0.2.2 45004 typ host generation 0 network-id 1',
    'a=candidate:2 2 udp 2122194686 192.0.2.2 45005 typ host',
    'a=candidate:3 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active',
    'a=candidate:4 1 udp 2122194687 1c4b7a0e.local 45004 typ host',
    'a=candidate:5 1 udp 2122194687 192.0.2.2 70000 typ host',
    'a=candidate:6 1 udp 41885439 203.0.113.9 3478 typ relay raddr 192.0.2.2 rport 45004',
    'a=candidate:nonsense',
  ];
  expect(readIce(lines)?.candidates.map(({ address, port }) => `${address} ${port}`)).toEqual([
    '192.0.2.2 45004',
    '203.0.113.9 3478',
  ]);
  expect(readIce(lines.slice(1))).toBeUndefined();
});
