import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { classes, Message, methods, parseMessage } from 'werift';
import type { Clock } from '../../../lib/clock';
import { REFLEXIVE_PRIORITY, writeIce, type IceCredentials, type RemoteIce } from './ice-lines';

/** Time between two checks (RFC 8445 section 14.2). */
const PACE_MS = 50;
const FIRST_RETRY_MS = 500;
/** Doubled with each retry, up to this: a way that loses much is still found before we give up. */
const LAST_RETRY_MS = 2000;
/** The peer has this long from its description on. */
const GIVE_UP_MS = 30_000;
/** RFC 7675: how often we ask whether the peer still wants our packets, and when we stop without an answer. */
const CONSENT_EVERY_MS = 5000;
const CONSENT_LOST_MS = 30_000;
/** More sources than this that know our password belong to no phone. */
const MAX_PAIRS = 64;
const MAX_OPEN_CHECKS = 64;

export interface Source {
  address: string;
  port: number;
}

interface Pair extends Source {
  priority: number;
  state: 'waiting' | 'succeeded';
  /** The controlling side has chosen it. */
  nominated: boolean;
  checks: number;
  dueAt: number;
}

export interface IceOptions {
  /** Where we are, as descriptions name it. */
  own: Source;
  controlling: boolean;
  clock: Clock;
  send(bytes: Buffer, to: Source): void;
  onSelected(): void;
  onFailed(reason: string): void;
}

const nameOf = ({ address, port }: Source): string => `${address} ${port}`;

/**
 * Finds the way to one peer (RFC 8445) from a single address of ours, for RTP and RTCP together, and asks it from time to time whether
 * it still wants our packets (RFC 7675). The messages are written and read by werift.
 */
export class IceAgent {
  private credentials = newCredentials();
  private remote: RemoteIce | undefined;
  private controlling: boolean;
  private readonly tieBreaker = randomBytes(8).readBigUInt64BE();
  private readonly pairs = new Map<string, Pair>();
  private readonly open = new Map<string, { pair: Pair; nominating: boolean }>();
  private chosen: Pair | undefined;
  private cancelTimer: (() => void) | undefined;
  private startedAt = 0;
  private consentAt = 0;
  private askAt = 0;
  private closed = false;

  constructor(private readonly options: IceOptions) {
    this.controlling = options.controlling;
  }

  /** Where packets go; undefined while that is not known. */
  get selected(): Source | undefined {
    return this.chosen;
  }

  lines(): string[] {
    return writeIce(this.credentials, this.options.own.address, this.options.own.port);
  }

  /**
   * Takes in a description of the peer. Other credentials than before are a restart (RFC 8445 section 9): we get new ones too, and the way
   * that is in use stays until there is another.
   */
  connect(remote: RemoteIce): void {
    const before = this.remote;
    const restart = before !== undefined && (before.ufrag !== remote.ufrag || before.pwd !== remote.pwd);
    this.remote = remote;
    if (remote.lite) this.controlling = true;
    if (restart) {
      this.credentials = newCredentials();
      this.pairs.clear();
      this.open.clear();
    }
    for (const candidate of remote.candidates) this.addPair(candidate, candidate.priority);
    if (before && !restart) return;
    this.startedAt = this.options.clock.now();
    this.tick();
  }

  /** Whether a datagram of this source is one of the peer's. */
  knows(source: Source): boolean {
    return this.pairs.has(nameOf(source)) || (this.chosen !== undefined && nameOf(this.chosen) === nameOf(source));
  }

  /** Takes in a STUN message. What is not authentic has no effect. */
  handle(bytes: Buffer, source: Source): void {
    const message = parseMessage(bytes);
    if (!message || message.messageMethod !== methods.BINDING || this.closed) return;
    if (message.messageClass === classes.REQUEST) this.answer(bytes, source);
    else if (message.messageClass !== classes.INDICATION) this.heard(message, bytes, source);
  }

  close(): void {
    this.closed = true;
    this.cancelTimer?.();
    this.pairs.clear();
    this.open.clear();
  }

  private addPair(source: Source, priority: number): Pair | undefined {
    const known = this.pairs.get(nameOf(source));
    if (known) return known;
    const sameFamily = isIP(source.address) === isIP(this.options.own.address);
    if (!sameFamily || this.pairs.size >= MAX_PAIRS) return undefined;
    const { address, port } = source;
    const pair: Pair = { address, port, priority, state: 'waiting', nominated: false, checks: 0, dueAt: 0 };
    this.pairs.set(nameOf(source), pair);

    return pair;
  }

  /** RFC 8445 section 7.3: the peer asks whether it reaches us. */
  private answer(bytes: Buffer, source: Source): void {
    const request = parseMessage(bytes, Buffer.from(this.credentials.pwd));
    const [own, other] = String(request?.getAttributeValue('USERNAME') ?? '').split(':');
    if (!request || own !== this.credentials.ufrag) return;
    if (this.remote && other !== this.remote.ufrag) return;
    if (!this.settleRoles(request, source)) return;
    this.reply(request, source, (response) => {
      response.setAttribute('XOR-MAPPED-ADDRESS', [source.address, source.port]);
    });
    const pair = this.addPair(source, Number(request.getAttributeValue('PRIORITY') ?? 0));
    if (!pair) return;
    if (!this.controlling && request.attributesKeys.includes('USE-CANDIDATE')) pair.nominated = true;
    if (pair.nominated && pair.state === 'succeeded') this.select(pair);
    // A check of the peer that arrives says that ours may arrive too: it is sent at once (section 7.3.1.4).
    if (pair.state === 'waiting' && this.remote) this.check(pair);
  }

  /** RFC 8445 section 7.3.1.1. False: the request was refused. */
  private settleRoles(request: Message, source: Source): boolean {
    const theirs = this.controlling ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED';
    const value: unknown = request.getAttributeValue(theirs);
    if (typeof value !== 'bigint') return true;
    const weStay = this.tieBreaker >= value === this.controlling;
    if (weStay) {
      this.reply(request, source, (response) => response.setAttribute('ERROR-CODE', [487, 'Role Conflict']), true);
      return false;
    }
    this.controlling = !this.controlling;

    return true;
  }

  private reply(request: Message, to: Source, fill: (response: Message) => void, refused = false): void {
    const response = new Message(
      methods.BINDING,
      refused ? classes.ERROR : classes.RESPONSE,
      Buffer.from(request.transactionId),
    );
    fill(response);
    response.addMessageIntegrity(Buffer.from(this.credentials.pwd)).addFingerprint();
    this.options.send(response.bytes, to);
  }

  private check(pair: Pair, nominating = false): void {
    if (!this.remote || this.closed) return;
    const request = new Message(methods.BINDING, classes.REQUEST);
    request.setAttribute('USERNAME', `${this.remote.ufrag}:${this.credentials.ufrag}`);
    request.setAttribute('PRIORITY', REFLEXIVE_PRIORITY);
    request.setAttribute(this.controlling ? 'ICE-CONTROLLING' : 'ICE-CONTROLLED', this.tieBreaker);
    if (nominating) request.setAttribute('USE-CANDIDATE', null);
    request.addMessageIntegrity(Buffer.from(this.remote.pwd)).addFingerprint();
    this.open.set(request.transactionIdHex, { pair, nominating });
    if (this.open.size > MAX_OPEN_CHECKS) this.open.delete(this.open.keys().next().value ?? '');
    pair.dueAt = this.options.clock.now() + Math.min(FIRST_RETRY_MS * 2 ** pair.checks, LAST_RETRY_MS);
    pair.checks++;
    this.options.send(request.bytes, pair);
  }

  private heard(message: Message, bytes: Buffer, source: Source): void {
    const check = this.open.get(message.transactionIdHex);
    if (!check || !this.remote || !parseMessage(bytes, Buffer.from(this.remote.pwd))) return;
    this.open.delete(message.transactionIdHex);
    const { pair, nominating } = check;
    if (nameOf(pair) !== nameOf(source)) return;
    if (message.messageClass === classes.ERROR) {
      const [code] = (message.getAttributeValue('ERROR-CODE') ?? []) as unknown[];
      if (code !== 487) return;
      this.controlling = !this.controlling;
      this.check(pair);
      return;
    }
    this.consentAt = this.options.clock.now();
    pair.state = 'succeeded';
    if (!this.controlling ? pair.nominated : nominating) this.select(pair);
    else if (this.controlling && !this.settled()) this.check(pair, true);
  }

  /** Whether the way in use is one of the present credentials: after a restart it is not. */
  private settled(): boolean {
    return this.chosen !== undefined && this.pairs.get(nameOf(this.chosen)) === this.chosen;
  }

  private select(pair: Pair): void {
    if (this.chosen === pair) return;
    this.chosen = pair;
    this.consentAt = this.options.clock.now();
    this.askAt = this.consentAt + CONSENT_EVERY_MS;
    this.options.onSelected();
  }

  private tick(): void {
    this.cancelTimer?.();
    if (this.closed) return;
    const now = this.options.clock.now();
    if (this.settled()) this.keepConsent(now);
    else this.checkNext(now);
    if (this.closed) return;
    this.cancelTimer = this.options.clock.after(this.settled() ? 1000 : PACE_MS, () => this.tick());
  }

  private checkNext(now: number): void {
    if (now - this.startedAt > GIVE_UP_MS) return this.fail('no way to the peer was found (ICE)');
    const due = [...this.pairs.values()]
      .filter(({ state, dueAt }) => state === 'waiting' && dueAt <= now)
      .sort((a, b) => b.priority - a.priority)[0];
    if (due) this.check(due);
    const lost = [...this.pairs.values()].find(({ state, dueAt }) => state === 'succeeded' && dueAt <= now);
    // A nomination that got lost is sent again.
    if (lost && this.controlling) this.check(lost, true);
  }

  private keepConsent(now: number): void {
    if (now - this.consentAt > CONSENT_LOST_MS) return this.fail('the peer does not answer any more (ICE consent)');
    if (!this.chosen || now < this.askAt) return;
    this.askAt = now + CONSENT_EVERY_MS * (0.8 + 0.4 * Math.random());
    this.chosen.checks = 0;
    this.check(this.chosen, this.controlling);
  }

  private fail(reason: string): void {
    this.close();
    this.options.onFailed(reason);
  }
}

function newCredentials(): IceCredentials {
  return { ufrag: randomBytes(4).toString('hex'), pwd: randomBytes(16).toString('hex') };
}
