import { parseCSeq, parseNameAddr, parseRepeatedNameAddr, parseUri, parseVia } from './grammar';
import type { CSeq, NameAddr, Uri, Via } from './grammar';
import { Headers } from './headers';

export { Headers } from './headers';

const emptyBody = Buffer.alloc(0);

/** A header's text with what it was parsed to. */
interface Form<T> {
  readonly text: string;
  readonly value: T;
}

/** The form that is known, unless the text has changed meanwhile: then it is parsed again. */
function formOf<T>(known: Form<T> | undefined, text: string, parse: (text: string) => T): Form<T> {
  return known !== undefined && known.text === text ? known : { text, value: parse(text) };
}

/** What requests and responses share: headers, a body, and the parsed forms of the headers that every layer needs. */
abstract class MessageBase {
  private viaForm: Form<Via> | undefined = undefined;
  private fromForm: Form<NameAddr> | undefined = undefined;
  private toForm: Form<NameAddr> | undefined = undefined;
  private cseqForm: Form<CSeq> | undefined = undefined;

  constructor(
    public headers: Headers = new Headers(),
    public body: Buffer = emptyBody,
    private readonly parseAddress = parseNameAddr,
  ) {}

  /** The Call-ID, or the empty string when the message has none. */
  get callId(): string {
    return this.headers.get('Call-ID') ?? '';
  }

  /** The topmost Via. @throws SipSyntaxError when it is missing or malformed. */
  get via(): Via {
    this.viaForm = formOf(this.viaForm, this.headers.first('Via') ?? '', parseVia);

    return this.viaForm.value;
  }

  /** Replaces the topmost Via by another text whose parsed form is known. */
  replaceVia(text: string, via: Via): void {
    this.headers.replaceFirst('Via', text);
    this.viaForm = { text, value: via };
  }

  /** @throws SipSyntaxError when From is missing or malformed. */
  get from(): NameAddr {
    this.fromForm = formOf(this.fromForm, this.headers.get('From') ?? '', this.parseAddress);

    return this.fromForm.value;
  }

  /** @throws SipSyntaxError when To is missing or malformed. */
  get to(): NameAddr {
    this.toForm = formOf(this.toForm, this.headers.get('To') ?? '', this.parseAddress);

    return this.toForm.value;
  }

  /** @throws SipSyntaxError when CSeq is missing or malformed. */
  get cseq(): CSeq {
    this.cseqForm = formOf(this.cseqForm, this.headers.get('CSeq') ?? '', parseCSeq);

    return this.cseqForm.value;
  }

  get fromTag(): string | undefined {
    return this.from.params.tag;
  }

  get toTag(): string | undefined {
    return this.to.params.tag;
  }
}

/** A SIP request. The fields may be changed until the message is sent. */
export class SipRequest extends MessageBase {
  readonly kind = 'request';
  private targetForm: Form<Uri> | undefined = undefined;

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
    this.targetForm = formOf(this.targetForm, this.uri, parseUri);

    return this.targetForm.value;
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
    super(headers, body, parseRepeatedNameAddr);
  }
}

export type SipMessage = SipRequest | SipResponse;
