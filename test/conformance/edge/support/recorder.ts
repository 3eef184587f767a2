import type { EdgeUnderTest } from './edges';
import { RawApplication } from './raw-application';
import type { ControlMessage } from './raw-application';

/** A call detail record: its fields without id and time, and its message. */
export interface CallRecord {
  fields: string[];
  startLine: string;
  sip: string;
}

/** An application that asked for call detail records, and for nothing else. */
export class Recorder {
  private constructor(private readonly application: RawApplication) {}

  static async connect(edge: EdgeUnderTest): Promise<Recorder> {
    return new Recorder(await RawApplication.connect(edge, ['cdr:attempt', 'cdr:start', 'cdr:stop']));
  }

  /** The next record; of that call, when one is named. */
  async next(callId = ''): Promise<CallRecord> {
    const { tokens, sip } = await this.application.inbox.take('record', (message) => isRecord(message, callId));
    expect(tokens[3]).toMatch(/^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}$/);

    return { fields: [tokens[1]!, tokens[2]!, ...tokens.slice(4)], startLine: sip.split('\r\n')[0]!, sip };
  }

  /**
   * The next records of a call, as one line each, such as `stop network call-rejected: 404 by 2 Vias`: kind, source, role
   * or reason, the status or method of the message, and how many Vias it has.
   */
  async lines(callId: string, count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) lines.push(lineOf(await this.next(callId)));

    return lines;
  }

  /** Records of this call that nobody has looked at, when all that was sent until now is there. */
  async left(callId: string): Promise<number> {
    await this.application.ask('ping');

    return this.application.inbox.count((message) => isRecord(message, callId));
  }

  close(): Promise<void> {
    return this.application.close();
  }
}

function isRecord({ tokens, sip }: ControlMessage, callId: string): boolean {
  return tokens[1]!.startsWith('cdr:') && sip.includes(callId);
}

function lineOf({ fields, startLine, sip }: CallRecord): string {
  const what = startLine.replace(/^SIP\/2\.0 ([0-9]{3}).*/, '$1').replace(/ .*/, '');
  const vias = sip.match(/^Via:/gim)?.length ?? 0;

  return `${fields.join(' ').replace('cdr:', '')}: ${what} by ${vias} Via${vias === 1 ? '' : 's'}`;
}
