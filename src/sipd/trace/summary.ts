/** What a reader of a trace wants to know of a message. It is taken from the text, so that malformed messages have one too. */
export interface Summary {
  /** `INVITE`, or the status of a response. */
  readonly what: string;
  readonly isResponse: boolean;
  /** The reason phrase of a response. */
  readonly reason: string;
  /** `INVITE 1`; the empty string when it cannot be found. */
  readonly cseq: string;
  readonly callId: string;
  readonly hasSdp: boolean;
}

const longestHead = 65_536;

export function summaryOf(bytes: Buffer): Summary {
  const text = bytes.toString('latin1', 0, longestHead).replace(/^(\r\n)+/, '');
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const line = printable(head.split(/\r?\n/, 1)[0] ?? '');
  const response = /^SIP\/2\.0 (\d{3}) ?(.*)/i.exec(line);
  const cseq = /^CSeq[ \t]*:[ \t]*(\d{1,10})[ \t]+(\S+)/im.exec(head);

  return {
    what: response?.[1] ?? line.split(' ', 1)[0]!,
    isResponse: response !== null,
    reason: response?.[2] ?? '',
    cseq: cseq ? printable(`${cseq[2]} ${cseq[1]}`) : '',
    callId: printable(/^(?:Call-ID|i)[ \t]*:[ \t]*(\S+)/im.exec(head)?.[1] ?? ''),
    hasSdp: end >= 0 && text.length > end + 4 && /^(?:Content-Type|c)[ \t]*:[ \t]*application\/sdp/im.test(head),
  };
}

/** Nothing that could move the cursor of a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
