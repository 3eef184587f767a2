import { parseCSeq, parseNameAddr, parseUri, parseVia } from './grammar';
import type { CSeq, NameAddr, Uri, Via } from './grammar';
import { Headers } from './headers';

export { Headers } from './headers';

const emptyBody = Buffer.alloc(0);

/** What requests and responses share: headers, a body, and the parsed forms of the headers that every layer needs. */
abstract class MessageBase {
  private parsed: { text: string; value: Via | NameAddr | CSeq | Uri }[] | undefined;

  constructor(
    public headers: Headers = new Headers(),
    public body: Buffer = emptyBody,
  ) {}

  /** The Call-ID, or the empty string when the message has none. */
  get callId(): string {
    return this.headers.get('Call-ID') ?? '';
  }

  /** The topmost Via. @throws SipSyntaxError when it is missing or malformed. */
  get via(): Via {
    return this.cached(0, this.headers.first('Via') ?? '', parseVia);
  }

  /** Replaces the topmost Via by another text whose parsed form is known. */
  replaceVia(text: string, via: Via): void {
    this.headers.replaceFirst('Via', text);
    this.parsed ??= [];
    this.parsed[0] = { text, value: via };
  }

  /** @throws SipSyntaxError when From is missing or malformed. */
  get from(): NameAddr {
    return this.cached(1, this.headers.get('From') ?? '', parseNameAddr);
  }

  /** @throws SipSyntaxError when To is missing or malformed. */
  get to(): NameAddr {
    return this.cached(2, this.headers.get('To') ?? '', parseNameAddr);
  }

  /** @throws SipSyntaxError when CSeq is missing or malformed. */
  get cseq(): CSeq {
    return this.cached(3, this.headers.get('CSeq') ?? '', parseCSeq);
  }

  get fromTag(): string | undefined {
    return this.from.params.tag;
  }

  get toTag(): string | undefined {
    return this.to.params.tag;
  }

  /** Parses once for each text: a header that was changed meanwhile is parsed again. */
  protected cached<T extends Via | NameAddr | CSeq | Uri>(slot: number, text: string, parse: (text: string) => T): T {
    this.parsed ??= [];
    const hit = this.parsed[slot];
    if (hit?.text === text) return hit.value as T;
    const value = parse(text);
    this.parsed[slot] = { text, value };

    return value;
  }
}

/** A SIP request. The fields may be changed until the message is sent. */
export class SipRequest extends MessageBase {
  readonly kind = 'request';

  constructor(
    public method: string,
    /** The Request-URI as text. */
    public uri: string,
    headers?: Headers,
    body?: Buffer,
  ) {
    super(headers, body);
  }

  /** The Request-URI, parsed. @throws SipSyntaxError when it is malformed. */
  get target(): Uri {
    return this.cached(4, this.uri, parseUri);
  }
}

/** A SIP response. The fields may be changed until the message is sent. */
export class SipResponse extends MessageBase {
  readonly kind = 'response';

  constructor(
    /** 100-699 */
    public status: number,
    public reason: string,
    headers?: Headers,
    body?: Buffer,
  ) {
    super(headers, body);
  }
}

export type SipMessage = SipRequest | SipResponse;
