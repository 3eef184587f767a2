import { EventEmitter } from 'node:events';
import type { Place } from '../application';
import type { SipMessage, SipRequest, SipResponse } from '../message/message';

/** Headers as an application gives them. */
export type HeaderMap = Readonly<Record<string, string | readonly string[]>>;

export interface Content {
  headers?: HeaderMap;
  body?: string;
}

const noBody = Buffer.alloc(0);

export function bodyOf({ body }: Content): Buffer {
  return body ? Buffer.from(body, 'utf8') : noBody;
}

/**
 * The header lines of an application. As on the control connection, a value may hold further lines behind a line break:
 * drachtio-srf knows no other way to repeat a header.
 */
export function headerLines({ headers }: Content): [name: string, value: string][] {
  const lines: [string, string][] = [];
  for (const [name, given] of Object.entries(headers ?? {})) {
    for (const value of typeof given === 'string' ? [given] : given) {
      const [first = '', ...further] = value.includes('\r\n') ? value.split('\r\n') : [value];
      lines.push([name, first.trim()]);
      for (const line of further) lines.push(splitLine(line));
    }
  }

  return lines;
}

function splitLine(line: string): [string, string] {
  const colon = line.indexOf(':');

  return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
}

/** The headers of a message as drachtio-srf shows them: several lines of one name are one value with commas. */
function valueOf({ headers }: SipMessage, name: string): string | undefined {
  return headers.count(name) > 1 ? headers.all(name).join(', ') : headers.get(name);
}

/** A message as drachtio-srf shows it. */
abstract class LocalMessage<Message extends SipMessage> extends EventEmitter {
  private bodyText: string | undefined;

  constructor(
    readonly message: Message,
    readonly stackDialogId: string,
  ) {
    super();
  }

  get body(): string {
    return (this.bodyText ??= this.message.body.toString('utf8'));
  }

  get(name: string): string | undefined {
    return valueOf(this.message, name);
  }

  has(name: string): boolean {
    return this.message.headers.has(name);
  }
}

/** A request that came, or one that was sent. */
export class LocalRequest extends LocalMessage<SipRequest> {
  readonly method: string;
  readonly uri: string;

  constructor(
    message: SipRequest,
    private readonly place: Place,
    readonly stackTxnId: string,
    stackDialogId: string,
    /** Sends a CANCEL. */
    readonly cancel: (content: Content, callback?: (error: unknown) => void) => void,
  ) {
    super(message, stackDialogId);
    this.method = message.method;
    this.uri = message.uri;
  }

  get source_address(): string {
    return this.place.address;
  }

  get source_port(): number {
    return this.place.port;
  }

  get protocol(): string {
    return this.place.transport;
  }
}

/** A response to a request of the application. */
export class LocalAnswer extends LocalMessage<SipResponse> {
  get status(): number {
    return this.message.status;
  }

  get reason(): string {
    return this.message.reason;
  }
}
