import { ControlProtocolError } from './frames';

/** One message from an application, cut into its parts: `<message id>|<verb>|<args…>` CRLF start line CRLF headers CRLF CRLF body. */
export interface Command {
  /** Made by the application; the answer names it. */
  id: string;
  verb: string;
  args: string[];
  /** The start line of the SIP message, or the empty string when there is none. */
  startLine: string;
  /** Header lines of the SIP message as the application wrote them, unfolded, names and values trimmed. */
  headers: [name: string, value: string][];
  body: Buffer;
}

const empty = Buffer.alloc(0);

/** @throws ControlProtocolError when the first line has no verb. */
export function parseCommand(message: Buffer): Command {
  const bodyAt = message.indexOf('\r\n\r\n');
  const head = message.toString('utf8', 0, bodyAt < 0 ? message.length : bodyAt);
  const lines = head.split('\r\n');
  const [id, verb, ...args] = lines[0]!.split('|');
  if (!id || !verb) throw new ControlProtocolError('A message has no verb');

  return {
    id,
    verb,
    args,
    startLine: lines[1] ?? '',
    headers: readHeaders(lines),
    body: bodyAt < 0 ? empty : message.subarray(bodyAt + 4),
  };
}

function readHeaders(lines: string[]): [string, string][] {
  const headers: [string, string][] = [];
  for (let i = 2; i < lines.length; i += 1) {
    const line = lines[i]!;
    const last = headers[headers.length - 1];
    if ((line.startsWith(' ') || line.startsWith('\t')) && last) {
      last[1] = `${last[1]} ${line.trim()}`;
      continue;
    }
    const colon = line.indexOf(':');
    if (colon > 0) headers.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()]);
  }

  return headers;
}

const requestLine = /^([A-Za-z0-9\-.!%*_+`'~]+) ([^ ]+) SIP\/2\.0$/;
const statusLine = /^SIP\/2\.0 ([1-6][0-9][0-9])(?: (.*))?$/;

export function parseRequestLine(line: string): { method: string; uri: string } | undefined {
  const match = requestLine.exec(line);

  return match ? { method: match[1]!, uri: match[2]! } : undefined;
}

export function parseStatusLine(line: string): { status: number; reason: string } | undefined {
  const match = statusLine.exec(line);

  return match ? { status: Number(match[1]), reason: match[2] ?? '' } : undefined;
}
