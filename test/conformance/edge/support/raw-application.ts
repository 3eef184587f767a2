import net from 'node:net';
import { frame, FrameReader } from '../../../../src/sipd/drachtio/frames';
import type { EdgeUnderTest } from './edges';
import { Inbox } from './inbox';

/** A message of the control connection: the tokens of its first line, and the SIP message after it. */
export interface ControlMessage {
  tokens: string[];
  sip: string;
}

/** An application that speaks the control protocol by hand, to see every token of it. */
export class RawApplication {
  readonly inbox = new Inbox<ControlMessage>(({ tokens }) => tokens.join('|'));
  /** Resolves when the connection is closed. */
  readonly whenClosed: Promise<undefined>;
  isClosed = false;
  private sent = 0;

  private constructor(private readonly socket: net.Socket) {
    this.whenClosed = new Promise((resolve) => {
      socket.once('close', () => {
        this.isClosed = true;
        resolve(undefined);
      });
    });
    const reader = new FrameReader();
    socket.on('data', (chunk) => {
      for (const message of reader.push(chunk)) this.inbox.push(split(message.toString()));
    });
    socket.on('error', () => undefined);
  }

  static async connect(edge: EdgeUnderTest, routes: string[]): Promise<RawApplication> {
    const socket = net.connect(edge.control.port, edge.control.host);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const application = new RawApplication(socket);
    await application.ask(`authenticate|${edge.control.secret}|`);
    for (const route of routes) await application.ask(`route|${route}`);

    return application;
  }

  /** Sends a command and gives its answer. */
  ask(command: string): Promise<ControlMessage> {
    const id = this.tell(command);

    return this.inbox.take(
      `answer to ${command.split('\r\n')[0]}`,
      ({ tokens }) => tokens[1] === 'response' && tokens[2] === id,
    );
  }

  /** Sends a command and gives its id. */
  tell(command: string): string {
    const id = `msg-${(this.sent += 1)}`;
    this.socket.write(frame(`${id}|${command}`));

    return id;
  }

  /** The next SIP message whose start line begins so. */
  next(start: string): Promise<ControlMessage> {
    return this.inbox.take(start, ({ tokens, sip }) => tokens[1] === 'sip' && sip.startsWith(start));
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.whenClosed;
  }
}

function split(text: string): ControlMessage {
  const end = text.indexOf('\r\n');

  return end < 0
    ? { tokens: text.split('|'), sip: '' }
    : { tokens: text.slice(0, end).split('|'), sip: text.slice(end + 2) };
}
