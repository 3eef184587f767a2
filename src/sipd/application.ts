import type { SipMessage } from './message/message';
import type { Destination, Flow } from './transport/types';

/** Who made a message: the network's side, or the application's and this server's. */
export type Source = 'network' | 'application';

export interface Place {
  transport: string;
  address: string;
  port: number;
}

/** What an application is told of: a message that came, or one that this server sent of its own accord. */
export interface Told {
  source: Source;
  message: SipMessage;
  /** The far end of what came, our own end of what was sent. */
  place: Place;
  /** Names the transaction; `unsolicited` for what the server sent by itself. */
  id: string;
  /** The empty string outside dialogs. */
  dialogId: string;
  /** Our end, of a request outside dialogs. */
  receivedOn?: { address: string; port: number };
}

/** Whoever decides what is done with requests: at the other end of the control connection, or in this process. */
export interface Application {
  readonly isOpen: boolean;
  /** At the other end of a connection: how soon it answers nobody knows. */
  readonly isRemote: boolean;
  /** The methods that it takes, in lower case. */
  readonly routes: ReadonlySet<string>;
  tell(told: Told): void;
}

/** The one transaction id that stands for a request which the server sent of its own accord. */
export const unsolicited = 'unsolicited';

/** Where a message from the network came from. */
export function remoteOf(way: Flow | Destination): Place {
  const { address, port } = 'remote' in way ? way.remote : way;

  return { transport: way.transport, address, port };
}

/** Our own end of a flow. */
export function localOf(flow: Flow): Place {
  return { transport: flow.transport, address: flow.local.address, port: flow.local.port };
}
