import { readRoutingNumber } from '../phone';
import type { DemoEvent, Who } from './events';

/** How wide the space between two life lines is. */
const lane = 44;

type Paint = (text: string) => string;
type Colour = 'cyan' | 'green' | 'magenta' | 'yellow' | 'red' | 'dim' | 'bold';

const codes: Record<Colour, number> = { cyan: 36, green: 32, magenta: 35, yellow: 33, red: 31, dim: 2, bold: 1 };

/** Draws events as a sequence chart: time, terminal, server, seat. */
export class Timeline {
  private readonly events: DemoEvent[] = [];
  private drawn = 0;
  private start: number | undefined;

  constructor(
    private readonly print: (line: string) => void,
    private readonly colours: boolean,
    private readonly names: { terminal: string; seat: string },
  ) {}

  /** Everything so far, in the order of time. */
  get sorted(): DemoEvent[] {
    return [...this.events].sort((a, b) => a.at - b.at);
  }

  head(): void {
    const { terminal, seat } = this.names;
    const server = centre('server', lane * 2 + 1 - terminal.length - seat.length + 8);
    this.print(`${'ms'.padStart(8)}  ${this.paint('bold')(`${terminal}${server}${seat}`)}`);
  }

  add(event: DemoEvent): void {
    this.events.push(event);
  }

  /** Draws what happened before `until`; events of two processes may arrive a little out of order, so keep some back. */
  draw(until = Infinity): void {
    const sorted = this.sorted;
    for (; this.drawn < sorted.length && sorted[this.drawn]!.at <= until; this.drawn++) {
      const event = sorted[this.drawn]!;
      this.start ??= event.at;
      const row = this.row(event);
      if (row !== undefined) this.print(`${(event.at - this.start).toFixed(1).padStart(8)}  ${row}`);
    }
  }

  private row(event: DemoEvent): string | undefined {
    switch (event.kind) {
      case 'sip':
        return this.arrow(event);
      case 'note':
        return this.words(event.who, event.text, this.paint('yellow'));
      case 'failed':
        return this.words(event.who, `FAILED: ${event.why}`, this.paint('red'));
      case 'rtp': {
        const text = `${event.media}: ${event.sent} RTP packets sent, ${event.received} received`;
        return this.words(event.who, text, this.paint('green'));
      }
      case 'reached':
        return undefined;
    }
  }

  private arrow(event: DemoEvent & { kind: 'sip' }): string {
    const label = `${describe(event)}${event.retransmission ? ' (again)' : ''}`;
    const right = (event.who === 'terminal') === (event.dir === 'sent');
    const shaft = drawShaft(fit(label, lane - 6), right);
    const drawn = this.colourOf(event)(shaft);
    const line = this.paint('dim')('│');

    return event.who === 'terminal'
      ? `${line}${drawn}${line}${' '.repeat(lane)}${line}`
      : `${line}${' '.repeat(lane)}${line}${drawn}${line}`;
  }

  private colourOf(event: DemoEvent & { kind: 'sip' }): Paint {
    if (event.status >= 400 && event.status !== 401) return this.paint('red');
    if (event.method === 'ACK' || event.status === 100) return this.paint('dim');
    if (event.method === 'INFO') return this.paint('magenta');

    return this.paint(event.who === 'terminal' ? 'cyan' : 'green');
  }

  private words(who: Who, text: string, paint: Paint): string {
    const line = this.paint('dim')('│');
    const said = fit(text, lane * 2 - 4);
    if (who === 'terminal') {
      const gap =
        said.length < lane - 3 ? `${' '.repeat(lane - 3 - said.length)}${line}${' '.repeat(lane)}${line}` : '';
      return `${line} ● ${paint(said)}${gap}`;
    }

    return `${line}${' '.repeat(lane)}${line}${paint(said.padStart(lane - 3))} ● ${line}`;
  }

  private paint(colour: Colour): Paint {
    return (text) => (this.colours ? `\u001b[${codes[colour]}m${text}\u001b[0m` : text);
  }
}

function drawShaft(label: string, right: boolean): string {
  const dashes = '─'.repeat(lane - label.length - 5);

  return right ? `── ${label} ${dashes}▶` : `◀${dashes} ${label} ──`;
}

function centre(text: string, width: number): string {
  const left = Math.max(1, Math.floor((width - text.length) / 2));

  return `${' '.repeat(left)}${text}${' '.repeat(Math.max(1, width - text.length - left))}`;
}

function fit(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** A SIP step in a few words. */
export function describe(event: DemoEvent & { kind: 'sip' }): string {
  const detail = detailOf(event);
  const name = event.status === 0 ? event.method : `${event.status} ${event.method === 'INVITE' ? '' : event.method}`;

  return `${name.trim()}${detail === '' ? '' : ` ${detail}`}`;
}

function detailOf(event: DemoEvent & { kind: 'sip' }): string {
  if (event.contentType === 'application/sdp') {
    const media = event.body.replace(/^audio (\w+), video \1$/, 'audio and video $1');

    return event.status === 0 && event.method === 'INVITE' ? `${event.target} ${media}` : media;
  }
  if (event.method === 'INVITE' && event.status === 0) return event.target;
  if (event.contentType === 'application/help-request+json') return 'help request';
  const number = readRoutingNumber(event.contentType, event.body);
  if (number) return number.number === undefined ? `no number: ${number.error?.code}` : `number ${number.number}`;
  if (event.contentType === 'application/visual-menu+json') return describeMenu(event.body);

  return '';
}

function describeMenu(body: string): string {
  try {
    const message = JSON.parse(body) as Record<string, unknown>;
    const agent = message.agent as { name?: string } | undefined;
    const said = [message.title, message.item, agent?.name, message.reason, message.ref].find(
      (one) => one !== undefined,
    );
    if (message.type === 'queue') return `queue, place ${String(message.position)} of ${String(message.waiting)}`;

    return said === undefined ? String(message.type) : `${String(message.type)} "${String(said as string)}"`;
  } catch {
    return 'not readable';
  }
}
