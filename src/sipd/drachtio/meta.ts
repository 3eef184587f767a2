import type { Destination, Flow } from '../transport/types';

/** Who made a message: the network's side, or the application's and this server's. */
export type Source = 'network' | 'application';

/**
 * What the control protocol tells about a message, in the order that drachtio-srf reads it:
 * `source|bytes|protocol|address|port|time`.
 */
export function metaLine(source: Source, bytes: number, place: Place): string {
  return `${source}|${bytes}|${place.transport}|${place.address}|${place.port}|${timeOfDay()}`;
}

export interface Place {
  transport: string;
  address: string;
  port: number;
}

/** Where a message from the network came from. */
export function remoteOf(way: Flow | Destination): Place {
  const { address, port } = 'remote' in way ? way.remote : way;

  return { transport: way.transport, address, port };
}

/** Our own end of a flow. */
export function localOf(flow: Flow): Place {
  return { transport: flow.transport, address: flow.local.address, port: flow.local.port };
}

let lastMs = -1;
let lastText = '';

/** UTC, in microseconds as drachtio-server writes it. Made once a millisecond. */
function timeOfDay(): string {
  const now = Date.now();
  if (now !== lastMs) {
    lastMs = now;
    lastText = `${new Date(now).toISOString().slice(11, 23)}000`;
  }

  return lastText;
}
