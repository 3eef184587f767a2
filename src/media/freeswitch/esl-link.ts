import type { Socket } from 'node:net';
import { Connection } from 'freeswitch-esl';
import type { Clock } from '../../lib/clock';
import { TypedEmitter } from '../../lib/emitter';
import { SightlineError } from '../../lib/errors';
import { nameOf, type EslAddress } from './address';
import { readEslBody, readEslEvent, replyText, type EslEvent } from './esl-event';

export type EslLinkEvents = {
  event: [event: EslEvent];
  /** The connection is gone, or nothing answers on it. At most once. */
  lost: [reason: string];
};

/** A question is put this often, and an answer that takes longer than `silenceMs` is none: together a loss is seen within 2 s. */
const pingMs = 500;
const silenceMs = 1300;
const secondLookMs = 100;
const connectMs = 2000;

/** What we listen for, besides the two that freeswitch-esl adds. Names after CUSTOM are those of subclasses, so the two come first. */
const wanted = [
  'BACKGROUND_JOB',
  'CHANNEL_EXECUTE_COMPLETE',
  'HEARTBEAT',
  'CHANNEL_HANGUP_COMPLETE',
  'CHANNEL_BRIDGE',
  'CHANNEL_UNBRIDGE',
  'PLAYBACK_START',
  'PLAYBACK_STOP',
  'MEDIA_BUG_STOP',
  'RECORD_START',
  'RECORD_STOP',
  'RECV_RTCP_MESSAGE',
  'SEND_RTCP_MESSAGE',
  'CUSTOM',
  'conference::maintenance',
];

/**
 * One connection to the event socket of a FreeSWITCH, from its opening to its loss; it is not opened again. freeswitch-esl has no
 * reconnect that can be relied on, so a new link is made for each try.
 */
export class EslLink {
  readonly events = new TypedEmitter<EslLinkEvents>();
  private readonly connection = new Connection();
  private readonly waiting = new Set<(error: SightlineError) => void>();
  private over = false;
  private stopPing: () => void = () => undefined;

  private constructor(
    private readonly address: EslAddress,
    private readonly clock: Clock,
  ) {}

  /** @throws MEDIA_UNAVAILABLE when nobody answers within 2 s, or the password is refused. */
  static async open(address: EslAddress, clock: Clock): Promise<EslLink> {
    const link = new EslLink(address, clock);
    try {
      await link.authenticate();
      await link.subscribe();
    } catch (error) {
      link.end();
      throw error;
    }
    link.ping();

    return link;
  }

  get isOver(): boolean {
    return this.over;
  }

  /** Runs a command that answers at once. @throws MEDIA_GONE when the connection is lost before the answer. */
  api(command: string): Promise<string> {
    return this.ask((done) => this.connection.api(command, '', (answer: unknown) => done(readEslBody(answer))));
  }

  /** Runs a command that may take a while, in a thread of its own: opening files, starting recordings. */
  background(command: string): Promise<string> {
    const [name = '', ...rest] = command.split(' ');

    return this.ask((done) =>
      this.connection.bgapi(name, rest.join(' '), (answer: unknown) => done(readEslBody(answer))),
    );
  }

  /** Hands an application to a channel. @throws MEDIA_GONE when the channel is not there. */
  async execute(uuid: string, application: string, argument: string): Promise<void> {
    const message = { 'call-command': 'execute', 'execute-app-name': application, 'execute-app-arg': argument };
    const reply = await this.ask<string>((done) =>
      this.connection.sendRecv(`sendmsg ${uuid}`, message, ((answer: unknown) =>
        done(replyText(answer))) as () => void),
    );
    if (reply.startsWith('-ERR')) throw new SightlineError('MEDIA_GONE', `FreeSWITCH: ${reply}`);
  }

  close(): void {
    this.finish('closed');
  }

  private authenticate(): Promise<void> {
    return new Promise((resolve, reject) => {
      const stop = this.clock.after(connectMs, () => reject(this.unavailable('no answer')));
      const fail = (why: string): void => {
        stop();
        reject(this.unavailable(why));
        this.finish(why);
      };
      this.connection.on('error', (error: unknown) => fail(error instanceof Error ? error.message : String(error)));
      this.connection.on('esl::end', () => fail('the connection was closed'));
      this.connection.on('esl::event::disconnect::notice', () => fail('it hung up'));
      this.connection.on('esl::event::raw::text/rude-rejection', () => fail('its access list refuses this machine'));
      this.connection.on('esl::event::auth::fail', () => fail('it refused the password'));
      this.connection.on('esl::ready', () => {
        stop();
        resolve();
      });
      this.connection.initializeInbound(this.address);
    });
  }

  private subscribe(): Promise<void> {
    this.connection.on('esl::event::**', (raw: unknown) => {
      const event = readEslEvent(raw);
      if (event && !this.over) this.events.emit('event', event);
    });

    return this.ask((done) => this.connection.events('json', [...wanted], () => done()));
  }

  private ping(): void {
    if (this.over) return;
    let stop = this.clock.after(silenceMs, () => this.doubt(this.clock.now(), (next) => (stop = next)));
    this.stopPing = () => stop();
    this.api('echo ping').then(
      () => {
        stop();
        if (!this.over) stop = this.clock.after(pingMs, () => this.ping());
      },
      () => stop(),
    );
  }

  /** No answer in time. It may lie in the socket unread when this process itself was held up, so it gets a while to be read. */
  private doubt(since: number, waitWith: (stop: () => void) => void): void {
    waitWith(
      this.clock.after(secondLookMs, () => {
        const wasHeldUp = this.clock.now() - since > 2 * secondLookMs;
        if (wasHeldUp) this.doubt(this.clock.now(), waitWith);
        else this.finish('it does not answer');
      }),
    );
  }

  private ask<T>(send: (done: (value: T) => void) => void): Promise<T> {
    if (this.over) return Promise.reject(this.gone());

    return new Promise((resolve, reject) => {
      this.waiting.add(reject);
      send((value) => {
        this.waiting.delete(reject);
        resolve(value);
      });
    });
  }

  private finish(reason: string): void {
    if (this.over) return;
    this.end();
    this.events.emit('lost', reason);
    this.events.removeAllListeners();
  }

  private end(): void {
    this.over = true;
    this.stopPing();
    for (const reject of this.waiting) reject(this.gone());
    this.waiting.clear();
    // Not `disconnect`: a server that hangs would never close its side, and the socket would keep the process alive.
    const socket = (this.connection as unknown as { socket?: Socket | null }).socket;
    this.connection.removeAllListeners();
    this.connection.on('error', () => undefined);
    socket?.destroy();
  }

  private gone(): SightlineError {
    return new SightlineError('MEDIA_GONE', `The connection to FreeSWITCH at ${nameOf(this.address)} is lost`);
  }

  private unavailable(why: string): SightlineError {
    return new SightlineError('MEDIA_UNAVAILABLE', `FreeSWITCH at ${nameOf(this.address)} cannot be used: ${why}`);
  }
}
