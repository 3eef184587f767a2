import type { DigestClient } from './digest';
import { writeRequest, type SipMsg } from './message';
import type { Address, ClientTransaction } from './transactions';
import type { Wire } from './wire';

/** A request before it has a CSeq and a branch. */
export interface Outgoing {
  owner: string;
  method: string;
  uri: string;
  from: string;
  to: string;
  callId: string;
  nextCseq: () => number;
  dest: Address;
  routes?: readonly string[];
  headers?: readonly string[];
  contentType?: string;
  body?: string;
  auth?: DigestClient | undefined;
}

/** A request on its way; after a challenge it names the second try. */
export interface Sent {
  transaction: ClientTransaction;
  cseq: number;
}

export interface ReplyHandlers {
  response(response: SipMsg, sent: Sent): void;
  timeout(): void;
}

const triesWithCredentials = 2;

/** Sends a request and answers a 401/407 by itself; any other response goes to the handlers. */
export function sendRequest(wire: Wire, out: Outgoing, handlers: ReplyHandlers): Sent {
  const sent: Sent = { transaction: undefined as unknown as ClientTransaction, cseq: 0 };
  let tries = 0;
  const attempt = (): void => {
    tries++;
    sent.cseq = out.nextCseq();
    sent.transaction = transmit(wire, out, sent.cseq, {
      response: (response) => {
        const challenged = response.status === 401 || response.status === 407;
        if (challenged && tries <= triesWithCredentials && out.auth?.accept(response)) attempt();
        else handlers.response(response, sent);
      },
      timeout: () => handlers.timeout(),
    });
  };
  attempt();

  return sent;
}

function transmit(
  wire: Wire,
  out: Outgoing,
  cseq: number,
  handlers: { response(response: SipMsg): void; timeout(): void },
): ClientTransaction {
  const { owner, method, uri, from, to, callId, routes = [], contentType = '', body = '' } = out;
  const branch = `z9hG4bK${wire.newId()}`;
  const credentials = out.auth?.header(method, uri);
  const headers = credentials === undefined ? out.headers : [...(out.headers ?? []), credentials];
  const { sentBy } = wire;
  const text = writeRequest({
    method,
    uri,
    sentBy,
    branch,
    from,
    to,
    callId,
    cseq,
    routes,
    headers,
    contentType,
    body,
  });
  const key = `${branch}${method}`;
  const facts = { owner, method, callId, cseq, body, contentType, uri, routes, sentBy, branch, from };

  return wire.request({ key, text, to: out.dest, ...facts }, handlers);
}
