import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { SipRequest } from '../message/message';
import { noncesIn } from './nonces';
import { Remembered } from './remembered';

/** Hexadecimal digits of a tag's signature: 64 bits. */
const signatureLength = 16;
const uuidLength = 36;
/** What is looked through of a message; headers beyond it prove nothing. */
const mostBytes = 4_096;
const responseStart = 'SIP/2.0 ';
const branchPattern = /\n(?:Via|v)[ \t]*:[^\r\n]*?;[ \t]*branch[ \t]*=[ \t]*([^;,\s"]{1,256})/i;
const viaPattern = /\n(?:Via|v)[ \t]*:[^\r\n]*/gi;
const challengePattern = /\n(?:WWW|Proxy)-Authenticate[ \t]*:[^\r\n]*/gi;
const toPattern = /\n(?:To|t)[ \t]*:([^\r\n]*)/i;
const fromPattern = /\n(?:From|f)[ \t]*:([^\r\n]*)/i;
const tagPattern = /;[ \t]*tag[ \t]*=[ \t]*([^;,\s"]{1,256})/i;

/**
 * What somebody can write only when he reads what is sent to his address: the tag of an answer of ours, the nonce of a challenge,
 * the branch or the From tag of a request that we sent. A datagram may bear anybody's address; one that holds any of these was
 * sent by its owner, or by somebody on the way to him. Each counts for the one source that it was sent to.
 *
 * The tags are signed, so nothing is kept of them, and a flood of requests from forged addresses makes nobody else's forgotten.
 */
export class Proofs {
  private readonly key = randomBytes(32);
  private readonly nonces: Remembered;
  private readonly ours: Remembered;

  /** @param capacity nonces, and branches and tags of our requests, that are remembered each; beyond it the oldest are forgotten */
  constructor(capacity: number) {
    this.nonces = new Remembered(capacity);
    this.ours = new Remembered(capacity);
  }

  /** A tag that shows, when it comes back, that it was sent to this source. */
  tagFor(source: string): string {
    const unique = randomUUID();

    return unique + this.sign(unique, source);
  }

  /** Whether `tagFor` has made the tag for this source. */
  isTagOf(source: string, tag: string | undefined): boolean {
    if (tag?.length !== uuidLength + signatureLength) return false;
    const signature = Buffer.from(tag.slice(uuidLength), 'latin1');
    const right = Buffer.from(this.sign(tag.slice(0, uuidLength), source), 'latin1');

    return signature.length === right.length && timingSafeEqual(signature, right);
  }

  /** A datagram of ours goes to this source. */
  sent(source: string, bytes: Buffer): void {
    const text = bytes.toString('latin1', 0, mostBytes);
    if (text.startsWith(responseStart)) this.sentResponse(source, text);
    else this.sentRequest(source, text);
  }

  /** Whether a datagram shows that its sender reads what is sent to this source. It is not parsed, as there may be many. */
  inDatagram(source: string, bytes: Buffer): boolean {
    const text = bytes.toString('latin1', 0, mostBytes);
    if (text.startsWith(responseStart)) return this.isOurs(source, branchPattern.exec(text)?.[1]);

    return this.isProof(source, tagIn(text, toPattern), noncesIn(text));
  }

  /** The same of a request that was read. */
  inRequest(source: string, request: SipRequest): boolean {
    const { headers } = request;
    const given = [...headers.all('Authorization'), ...headers.all('Proxy-Authorization')];

    return this.isProof(source, request.toTag, given.flatMap(noncesIn));
  }

  private isProof(source: string, toTag: string | undefined, nonces: readonly string[]): boolean {
    if (this.isTagOf(source, toTag) || this.isOurs(source, toTag)) return true;

    return nonces.some((nonce) => this.nonces.has(keyOf(source, nonce)));
  }

  private isOurs(source: string, mark: string | undefined): boolean {
    return mark !== undefined && this.ours.has(keyOf(source, mark));
  }

  /**
   * Only of our own challenges: a nonce that is handed on from somebody else is one that he knows, too. And only the header of
   * the challenge: Via and others are the sender's words.
   */
  private sentResponse(source: string, text: string): void {
    const status = text.slice(responseStart.length, responseStart.length + 3);
    if (status !== '401' && status !== '407') return;
    if (!this.isTagOf(source, tagIn(text, toPattern))) return;
    for (const nonce of noncesIn((text.match(challengePattern) ?? []).join())) this.nonces.add(keyOf(source, nonce));
  }

  /** The From tag is ours only where nobody else's Via stands below ours; the topmost branch always is. */
  private sentRequest(source: string, text: string): void {
    const branch = branchPattern.exec(text)?.[1];
    if (branch !== undefined) this.ours.add(keyOf(source, branch));
    const vias = text.match(viaPattern) ?? [];
    const tag = vias.length === 1 && !vias[0].includes(',') ? tagIn(text, fromPattern) : undefined;
    if (tag !== undefined) this.ours.add(keyOf(source, tag));
  }

  private sign(unique: string, source: string): string {
    return createHmac('sha256', this.key).update(`${unique} ${source}`).digest('hex').slice(0, signatureLength);
  }
}

/** The tag behind the address, where there is one: what is in angle brackets is none of ours. */
function tagIn(text: string, header: RegExp): string | undefined {
  const value = header.exec(text)?.[1] ?? '';

  return tagPattern.exec(value.slice(value.lastIndexOf('>') + 1))?.[1];
}

/** Joined, as a template would keep the message that the mark was cut from. */
function keyOf(source: string, mark: string): string {
  return [source, mark].join(' ');
}
