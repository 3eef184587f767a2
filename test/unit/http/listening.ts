import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { once } from 'node:events';
import pino from 'pino';
import type { AcdPorts } from '../../../src/http/acd-ports';
import type { EmergencyMessage, EmergencyPort } from '../../../src/http/emergency';
import type { HelpRequestBody, RoutingNumberBody } from '../../../src/http/help';
import type { RecordingPort } from '../../../src/http/recordings';
import { createHttpServer, type HttpPorts } from '../../../src/http/server';
import { SightlineError } from '../../../src/lib/errors';

export const apiToken = 'api-token-of-the-tests';
export const bearer = { authorization: `Bearer ${apiToken}` };
export const json = { 'content-type': 'application/json' };

export function basic(user: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

export const terminal = basic('1001', 'demo-terminal');

export interface Asked {
  terminal: string;
  body: HelpRequestBody & { id: string };
}

/** A server that really listens, what it was asked, and what it wrote to its log. */
export interface Listening {
  url: string;
  port: number;
  asked: Asked[];
  log: Record<string, unknown>[];
  fetch(path: string, options?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export function number(body: { id: string; service?: string }): RoutingNumberBody {
  const service = body.service ?? 'support';

  return { request: body.id, number: '7001', uri: 'sip:7001@sightline.test', expires: 60, service };
}

export async function listening(parts: Partial<HttpPorts> = {}): Promise<Listening> {
  const asked: Asked[] = [];
  const log: Record<string, unknown>[] = [];
  const server = await createHttpServer({
    credentials: { apiToken, terminalPassword: (user) => (user === '1001' ? 'demo-terminal' : undefined) },
    readiness: () => ({ ready: true, missing: [] }),
    help: {
      request: (terminal, body) => {
        asked.push({ terminal, body });

        return Promise.resolve(number(body));
      },
    },
    calls: { find: () => Promise.resolve(undefined), live: () => [] },
    queues: {
      snapshot: () => Promise.resolve({ queues: [], seats: [] }),
      site: () => ({ site: 'demo', version: 'v1', faults: [] }),
    },
    acd: emptyAcd,
    emergency: emergencyInMemory(),
    recordings: noRecordings,
    metrics: () => '',
    log: pino({ level: 'debug' }, { write: (line: string) => void log.push(JSON.parse(line) as never) }),
    ...parts,
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    port,
    asked,
    log,
    fetch: (path, options) => fetch(`${url}${path}`, options),
    close: () => server.close(),
  };
}

/** Recordings of a server that has none. */
export const noRecordings: RecordingPort = {
  command: () => Promise.reject(new SightlineError('CALL_GONE')),
  snapshot: () => Promise.reject(new SightlineError('CALL_GONE')),
  recordings: () => Promise.resolve({ entries: [] }),
  snapshots: () => Promise.resolve({ entries: [] }),
  find: () => Promise.reject(new SightlineError('RECORDING_UNKNOWN')),
  part: () => Promise.reject(new SightlineError('RECORDING_UNKNOWN')),
  rendition: () => Promise.reject(new SightlineError('RECORDING_UNKNOWN')),
  picture: () => Promise.reject(new SightlineError('RECORDING_UNKNOWN')),
  remove: () => Promise.reject(new SightlineError('RECORDING_UNKNOWN')),
};

const noSeat = (): Promise<never> => Promise.reject(new SightlineError('SEAT_UNKNOWN'));
const noTicket = (): Promise<never> => Promise.reject(new SightlineError('TICKET_GONE'));
const noQueue = (): Promise<never> => Promise.reject(new SightlineError('QUEUE_UNKNOWN'));

/** An ACD without seats, tickets and queues. */
export const emptyAcd: AcdPorts = {
  seats: {
    seats: () => Promise.resolve([]),
    seat: () => Promise.resolve(undefined),
    pause: noSeat,
    unpause: noSeat,
    login: noSeat,
    logout: noSeat,
    extendWrapUp: noSeat,
    endWrapUp: noSeat,
    setNext: noSeat,
  },
  tickets: {
    ticket: () => Promise.resolve(undefined),
    history: () => Promise.resolve([]),
    explain: () => Promise.resolve(undefined),
    transfer: noTicket,
    reprioritise: noTicket,
    askCallback: noTicket,
    endWait: noTicket,
  },
  queueDetail: { stats: noQueue, facts: noQueue, queueTickets: noQueue },
};

/** Keeps what it is given, from second 1 on. */
export function emergencyInMemory(): EmergencyPort {
  let kept: EmergencyMessage | undefined;

  return {
    get: () => Promise.resolve(kept && { ...kept, since: 1_000 }),
    set: (message) => {
      kept = message;

      return Promise.resolve();
    },
    clear: () => {
      kept = undefined;

      return Promise.resolve();
    },
  };
}

/** A server for each test of a file; closed after it. */
export function eachListening(): (parts?: Partial<HttpPorts>) => Promise<Listening> {
  const open: Listening[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  return async (parts) => {
    const one = await listening(parts);
    open.push(one);

    return one;
  };
}

export function post(body: unknown, headers: Record<string, string> = terminal, method = 'POST'): RequestInit {
  return {
    method,
    headers: { ...json, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** Writes bytes that fetch would not send, and reads until the server ends the connection. */
export async function raw(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write(bytes);
  await once(socket, 'close');

  return Buffer.concat(chunks).toString();
}
