import { parseCSeq, parseNameAddr, parseRepeatedNameAddr, parseUri, parseVia } from './grammar';
import type { CSeq, NameAddr, Uri, Via } from './grammar';
import { Headers } from './headers';

export { Headers } from './headers';

const emptyBody = Buffer.alloc(0);

/** A header's text with what it is parsed to, at the latest when asked for. */
interface Form<T> {
  readonly text: string;
  readonly value: T;
}

/** Those that the parser knows. */
export interface KnownForms {
  readonly via: Form<Via> | undefined;
  readonly from: Form<NameAddr> | undefined;
  readonly to: Form<NameAddr> | undefined;
  readonly cseq: Form<CSeq> | undefined;
  readonly contact: Form<NameAddr> | undefined;
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
  private contactForm: Form<NameAddr> | undefined = undefined;

  constructor(
    public headers: Headers = new Headers(),
    public body: Buffer = emptyBody,
    private readonly parseAddress = parseNameAddr,
  ) {}

  /** The Call-ID, or the empty string when the message has none. */
  get callId(): string {
    return this.headers.get('Call-ID') ?? '';
  }

  /** Takes over what the parser knows of the headers that have the usual shape. */
  know(forms: KnownForms): void {
    this.viaForm = forms.via;
    this.fromForm = forms.from;
    this.toForm = forms.to;
    this.cseqForm = forms.cseq;
    this.contactForm = forms.contact;
  }

  /** The topmost Via. @throws SipSyntaxError when it is missing or malformed. */
  get via(): Via {
    const known = this.viaForm;
    // A known text is one element, so it need not be split again.
    if (known !== undefined && known.text === this.headers.get('Via')) return known.value;
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

  /** The first Contact, undefined when there is none. @throws SipSyntaxError when it is malformed, or a star. */
  get contact(): NameAddr | undefined {
    const known = this.contactForm;
    const line = this.headers.get('Contact');
    if (line === undefined) return undefined;
    if (known !== undefined && known.text === line) return known.value;
    this.contactForm = formOf(known, this.headers.first('Contact')!, parseNameAddr);

    return this.contactForm.value;
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

  /** Takes over a form of the Request-URI. */
  knowTarget(form: Form<Uri>): void {
    this.targetForm = form;
  }

  /** Whether the Request-URI is parsed, or is known to be well-formed and without headers. */
  get isTargetKnown(): boolean {
    return this.targetForm !== undefined;
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
