/** One event of FreeSWITCH: its headers as texts, whatever they look like. */
export interface EslEvent {
  name: string;
  /** Of CUSTOM events, e.g. `conference::maintenance`. */
  subclass: string | undefined;
  /** The channel that it is about. */
  uuid: string | undefined;
  get(header: string): string | undefined;
}

/** What freeswitch-esl hands out: a list of headers, of which the values may be of any type. */
export function readEslEvent(raw: unknown): EslEvent | undefined {
  const headers = readHeaders(raw);
  const name = headers.get('event-name');
  if (!name) return undefined;
  const get = (header: string): string | undefined => headers.get(header.toLowerCase());

  return { name, subclass: get('Event-Subclass'), uuid: get('Unique-ID'), get };
}

/** The body of an answer to a command; '' when there is none. */
export function readEslBody(raw: unknown): string {
  const body = (raw as { body?: unknown } | null | undefined)?.body;

  return typeof body === 'string' ? body : '';
}

/** What a command was answered with; '' when nothing was said. */
export function replyText(raw: unknown): string {
  return readHeaders(raw).get('reply-text') ?? '';
}

function readHeaders(raw: unknown): Map<string, string> {
  const list = (raw as { headers?: unknown } | null | undefined)?.headers;
  const headers = new Map<string, string>();
  if (!Array.isArray(list)) return headers;
  for (const entry of list as unknown[]) {
    const { name, value } = (entry ?? {}) as { name?: unknown; value?: unknown };
    if (typeof name !== 'string') continue;
    if (typeof value === 'string') headers.set(name.toLowerCase(), value);
    else if (typeof value === 'number') headers.set(name.toLowerCase(), String(value));
  }

  return headers;
}

/** The variables and caller data of a channel, as `uuid_dump` writes them: `name: value` a line, values in percent encoding. */
export function readDump(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon <= 0) continue;
    fields.set(line.slice(0, colon), decoded(line.slice(colon + 2)));
  }

  return fields;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whether a command was carried out: FreeSWITCH says `-ERR …` or `-USAGE: …` where it was not. */
export function isRefusal(body: string): boolean {
  return /^-(ERR|USAGE)/.test(body);
}
