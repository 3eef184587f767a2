import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { TypedEmitter } from '../../lib/emitter';
import { distrustWords } from '../../lib/trust';
import type { Application, Told } from '../application';
import { toBuffer } from '../message/serialize';
import { parseCommand } from './command';
import type { Command } from './command';
import { ControlProtocolError, frame, FrameReader } from './frames';
import { metaLine } from './meta';

export type ControlClientEvents = {
  command: [command: Command];
  /** The connection is gone, for whatever reason; the last event. */
  closed: [reason: string];
};

/** What an application may leave unread before it is given up, in bytes. */
const maxQueued = 8 * 1024 * 1024;

/** The connection of one application. */
export class ControlClient extends TypedEmitter<ControlClientEvents> implements Application {
  readonly name: string;
  isAuthenticated = false;
  /** The methods that it takes, in lower case. */
  readonly routes = new Set<string>();
  /** What it told of itself; requests may be routed by it. */
  readonly tags = new Set<string>();
  private readonly reader = new FrameReader();
  private closeReason: string | undefined;
  private isGathering = false;

  constructor(private readonly socket: Socket) {
    super();
    this.name = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? 0}`;
    socket.setNoDelay(true);
    socket.setKeepAlive(true, 30_000);
    socket.on('data', (chunk) => this.read(chunk));
    socket.on('error', (error) => this.close(distrustWords(error) ?? error.message));
    socket.on('close', () => this.emit('closed', this.closeReason ?? 'closed by the application'));
  }

  readonly isRemote = true;

  get isOpen(): boolean {
    return this.closeReason === undefined && !this.socket.destroyed;
  }

  /** Sends one message: its first line, and a SIP message after it. An application that does not read is cut off. */
  send(head: string, message?: Buffer): void {
    if (!this.isOpen) return;
    this.gather();
    this.socket.write(frame(message ? `${randomUUID()}|${head}\r\n` : `${randomUUID()}|${head}`, message));
    if (this.socket.writableLength > maxQueued) this.close('the application does not read its messages');
  }

  tell({ source, message, place, id, dialogId, receivedOn }: Told): void {
    const bytes = toBuffer(message);
    const own = receivedOn ? `${receivedOn.address}|${receivedOn.port}|` : '';
    this.send(`sip|${metaLine(source, bytes.length, place)}|${id}|${dialogId}|${own}`, bytes);
  }

  /** Answers a command. */
  answer(id: string, text: string, message?: Buffer): void {
    this.send(`response|${id}|${text}`, message);
  }

  /** Sends what is queued, then closes. */
  end(reason: string): void {
    this.closeReason ??= reason;
    this.socket.uncork();
    this.socket.end();
    this.socket.resume();
  }

  close(reason: string): void {
    this.closeReason ??= reason;
    this.socket.destroy();
  }

  /** What is sent in one turn of the event loop goes out by one system call: at 200 calls a second that halves their cost. */
  private gather(): void {
    if (this.isGathering) return;
    this.isGathering = true;
    this.socket.cork();
    setImmediate(() => {
      this.isGathering = false;
      this.socket.uncork();
    });
  }

  private read(chunk: Buffer): void {
    if (!this.isOpen) return;
    try {
      for (const message of this.reader.push(chunk)) {
        if (!this.isOpen) return;
        this.emit('command', parseCommand(message));
      }
    } catch (error) {
      if (!(error instanceof ControlProtocolError)) throw error;
      // There is no id to answer, but whoever looks at the connection sees why it ended.
      this.answer('', `NO|${error.message}`);
      this.end(error.message);
    }
  }
}
