import { ManualClock } from '../../../src/lib/clock';
import { CONTENT_TYPE, parseServerMessage } from '../../../src/ivr/codec';
import type { SequencedServerMessage, ServerMessage } from '../../../src/ivr/messages';
import { Screen, type InfoSender, type Receipt, type ScreenFailure } from '../../../src/ivr/screen';

/** A terminal that answers when the test says so. */
class Terminal implements InfoSender {
  readonly got: SequencedServerMessage[] = [];
  readonly headers: Record<string, string>[] = [];
  private readonly open: { resolve: (answer: { status: number }) => void; reject: (error: Error) => void }[] = [];

  send(contentType: string, headers: Readonly<Record<string, string>>, body: string): Promise<{ status: number }> {
    this.got.push(parseServerMessage(contentType, body));
    this.headers.push({ 'Content-Type': contentType, ...headers });

    return new Promise((resolve, reject) => this.open.push({ resolve, reject }));
  }

  async answers(status: number): Promise<void> {
    this.open.shift()?.resolve({ status });
    await settled();
  }

  async breaks(): Promise<void> {
    this.open.shift()?.reject(new Error('socket closed'));
    await settled();
  }

  get unanswered(): number {
    return this.open.length;
  }
}

/** Lets everything run that only waits for promises. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

function setUp(lastSeq?: number) {
  const terminal = new Terminal();
  const clock = new ManualClock();
  const screen = new Screen({ sender: terminal, clock, ...(lastSeq !== undefined && { lastSeq }) });
  const failures: ScreenFailure[] = [];
  const gone: number[] = [];
  const receipts: Receipt[] = [];
  const taken: string[] = [];
  const dropped: unknown[] = [];
  screen.on('failed', (failure) => failures.push(failure));
  screen.on('gone', (status) => gone.push(status));
  screen.on('receipt', (receipt) => receipts.push(receipt));
  screen.on('taken', (message, seq) => taken.push(`${message.type} ${seq}`));
  screen.on('dropped', (message, error) => dropped.push([message.type, error]));

  return { terminal, clock, screen, failures, gone, receipts, taken, dropped };
}

const page = (id: string): ServerMessage => ({ type: 'page', id, title: id, items: [] });
const queue = (position: number): ServerMessage => ({
  type: 'queue',
  queue: 'q',
  position,
  waiting: 9,
  estimate: [1, 2],
  actions: [],
});
const text = (words: string): ServerMessage => ({ type: 'text', from: 'Ana', text: words });
const push = (ref: string): ServerMessage => ({ type: 'push', ref, kind: 'text', text: 'look' });

describe('sending', () => {
  test('carries the headers of the package', () => {
    const { terminal, screen } = setUp();
    screen.show(page('a'));
    expect(terminal.headers).toEqual([
      { 'Content-Type': CONTENT_TYPE, 'Info-Package': 'visual-menu', 'Content-Disposition': 'Info-Package' },
    ]);
  });

  test('one at a time, in order, each number one higher', async () => {
    const { terminal, screen, taken } = setUp(41);
    screen.showAll([page('a'), text('x'), push('p')]);
    expect(terminal.got).toHaveLength(1);
    await terminal.answers(200);
    expect(terminal.got).toHaveLength(2);
    await terminal.answers(202);
    await terminal.answers(200);
    expect(terminal.got.map(({ seq }) => seq)).toEqual([42, 43, 44]);
    expect(taken).toEqual(['page 42', 'text 43', 'push 44']);
    expect(screen.lastSeq).toBe(44);
    expect(terminal.unanswered).toBe(0);
  });

  test('a newer page or queue page takes the place of an unsent older one, the rest keeps its order', async () => {
    const { terminal, screen } = setUp();
    screen.showAll([page('a'), queue(3), text('x'), queue(2), push('p'), page('b'), queue(1), text('y')]);
    while (terminal.unanswered > 0) await terminal.answers(200);
    expect(terminal.got.map(({ type }) => type)).toEqual(['page', 'text', 'push', 'queue', 'text']);
    expect(terminal.got[3]).toMatchObject({ position: 1, seq: 4 });
  });

  test('a listener may show the next message', async () => {
    const { terminal, screen } = setUp();
    screen.once('taken', () => screen.show(page('b')));
    screen.show(page('a'));
    await terminal.answers(200);
    await terminal.answers(200);
    expect(terminal.got.map((message) => message.type === 'page' && message.id)).toEqual(['a', 'b']);
  });

  test('a message too large is dropped and told, the others go on', async () => {
    const { terminal, screen, dropped, failures } = setUp();
    expect(screen.show(text('x'.repeat(2000)))).toBe(false);
    expect(screen.show(text('short'))).toBe(true);
    await terminal.answers(200);
    expect(dropped).toEqual([['text', expect.objectContaining({ code: 'BODY_TOO_LARGE' })]]);
    expect(terminal.got).toHaveLength(1);
    expect(failures).toEqual([]);
  });

  test('idle comes when all is answered', async () => {
    const { terminal, screen } = setUp();
    let idle = false;
    await screen.idle();
    screen.showAll([page('a'), text('x')]);
    void screen.idle().then(() => (idle = true));
    await terminal.answers(200);
    expect(idle).toBe(false);
    await terminal.answers(200);
    expect(idle).toBe(true);
  });
});

describe('a terminal that shows no menus', () => {
  test.each([469, 415, 405, 501, 400, 500, 302])('%i to a page ends the face, once', async (status) => {
    const { terminal, screen, clock, failures, gone } = setUp();
    screen.showAll([page('a'), text('x')]);
    await terminal.answers(status);
    clock.advance(10_000);
    expect(failures).toEqual([{ cause: 'refused', status }]);
    expect(gone).toEqual([]);
    expect(screen.isOpen).toBe(false);
    expect(screen.show(page('b'))).toBe(false);
    expect(terminal.got).toHaveLength(1);
  });

  test.each([469, 415, 405, 501])('%i ends the face whatever the message was', async (status) => {
    const { terminal, screen, failures } = setUp();
    screen.show(text('x'));
    await terminal.answers(status);
    expect(failures).toEqual([{ cause: 'refused', status }]);
  });

  test('nothing for 2 s ends it; an answer after that is ignored', async () => {
    const { terminal, screen, clock, failures, taken } = setUp();
    screen.show(page('a'));
    clock.advance(1999);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([{ cause: 'no-answer' }]);
    await terminal.answers(200);
    expect(taken).toEqual([]);
    expect(failures).toHaveLength(1);
  });

  test('the 2 s begin anew with each message', async () => {
    const { terminal, screen, clock, failures } = setUp();
    screen.showAll([page('a'), text('x')]);
    clock.advance(1500);
    await terminal.answers(200);
    clock.advance(1500);
    expect(failures).toEqual([]);
    await terminal.answers(200);
    expect(clock.pendingCount).toBe(0);
  });

  test('a sender that rejects or throws ends it without a throw', async () => {
    const first = setUp();
    first.screen.show(page('a'));
    await first.terminal.breaks();
    expect(first.failures).toEqual([{ cause: 'send-error', error: expect.any(Error) }]);

    const clock = new ManualClock();
    const failures: ScreenFailure[] = [];
    const sender: InfoSender = {
      send: () => {
        throw new Error('no dialog');
      },
    };
    const screen = new Screen({ sender, clock });
    screen.on('failed', (failure) => failures.push(failure));
    expect(screen.show(page('a'))).toBe(true);
    await settled();
    expect(failures).toEqual([{ cause: 'send-error', error: expect.any(Error) }]);
    expect(clock.pendingCount).toBe(0);
  });
});

test.each([481, 408])('%i says that the leg is gone', async (status) => {
  const { terminal, screen, gone, failures } = setUp();
  screen.showAll([text('x'), page('a')]);
  await terminal.answers(status);
  expect(gone).toEqual([status]);
  expect(failures).toEqual([]);
  expect(screen.isOpen).toBe(false);
});

test('another refusal of something beside the page is told and the face goes on', async () => {
  const { terminal, screen, dropped, failures, receipts } = setUp();
  screen.showAll([text('x'), push('p1'), page('a')]);
  await terminal.answers(500);
  await terminal.answers(488);
  await terminal.answers(200);
  expect(dropped).toEqual([
    ['text', { status: 500 }],
    ['push', { status: 488 }],
  ]);
  expect(receipts).toEqual([{ ref: 'p1', shown: false, reason: 'refused' }]);
  expect(failures).toEqual([]);
  expect(terminal.got).toHaveLength(3);
});

describe('receipts', () => {
  test('are matched by ref and settled once', async () => {
    const { terminal, screen, receipts } = setUp();
    screen.showAll([push('p1'), push('p2')]);
    await terminal.answers(200);
    expect(screen.settle('p1', true)).toBe(true);
    expect(screen.settle('p1', true)).toBe(false);
    expect(screen.settle('unknown', true)).toBe(false);
    expect(screen.settle('p2', false, 'no-codec')).toBe(true);
    expect(receipts).toEqual([
      { ref: 'p1', shown: true },
      { ref: 'p2', shown: false, reason: 'no-codec' },
    ]);
  });

  test('a receipt may come before the answer to the push', async () => {
    const { terminal, screen, receipts } = setUp();
    screen.show(push('p1'));
    screen.settle('p1', true);
    await terminal.answers(500);
    expect(receipts).toEqual([{ ref: 'p1', shown: true }]);
  });

  test('pushes that are open when the face ends are settled as failed', async () => {
    const { screen, clock, receipts } = setUp();
    screen.showAll([push('p1'), push('p2')]);
    clock.advance(2000);
    expect(receipts).toEqual([
      { ref: 'p1', shown: false, reason: 'screen-failed' },
      { ref: 'p2', shown: false, reason: 'not-sent' },
    ]);
  });
});

test('close drops what is pending, wakes who waits, and may be called twice', async () => {
  const { terminal, screen, clock, failures, receipts, taken } = setUp();
  screen.showAll([page('a'), push('p1'), text('x')]);
  const idle = screen.idle();
  screen.close();
  screen.close();
  await idle;
  await terminal.answers(469);
  clock.advance(10_000);
  expect(clock.pendingCount).toBe(0);
  expect(terminal.got).toHaveLength(1);
  expect(failures).toEqual([]);
  expect(taken).toEqual([]);
  expect(receipts).toEqual([{ ref: 'p1', shown: false, reason: 'not-sent' }]);
  expect(screen.show(page('b'))).toBe(false);
});
