import { createHash } from 'node:crypto';
import type { SipMessage, SipRequest, SipResponse } from '../../../src/sipd/message/message';
import { parseDatagram } from '../../../src/sipd/message/parse';
import { toBuffer } from '../../../src/sipd/message/serialize';
import { ackFor } from '../../../src/sipd/transaction/requests';
import type { Flow } from '../../../src/sipd/transport/types';
import type { WireEnd } from '../sipd-transaction/wire';

/** Where each copy of a request goes. */
export type Routing = (request: SipRequest) => string[];

/**
 * A stateless proxy (RFC 3261 section 16.11) that may send several copies. Being stateless, it lets every response
 * through; only a 482 it keeps to itself, as a forking proxy does while another branch is open.
 */
export class Proxy {
  private readonly routes = new Map<string, string[]>();
  private readonly sent = new Map<string, SipRequest>();

  constructor(
    private readonly end: WireEnd,
    private readonly routing: Routing,
  ) {
    end.on('message', (message, flow) => this.receive(message, flow));
  }

  private receive(message: SipMessage, flow: Flow): void {
    if (message.kind === 'response') {
      this.back(message, flow);
      return;
    }
    this.routesOf(message).forEach((address, index) => this.forward(message, address, index));
  }

  /** Inside a dialog the Request-URI tells the way; what belongs to an INVITE goes where that went. */
  private routesOf(request: SipRequest): string[] {
    const { branch = '' } = request.via;
    const known = this.routes.get(branch);
    if (known) return known;
    const routes = request.toTag === undefined ? this.routing(request) : [request.target.host];
    if (request.method === 'INVITE') this.routes.set(branch, routes);

    return routes;
  }

  private forward(original: SipRequest, address: string, index: number): void {
    const request = parseDatagram(toBuffer(original)) as SipRequest;
    const top = request.headers.first('Via') ?? '';
    const branch = `z9hG4bK-p${index}-${createHash('sha1')
      .update(/branch=([^;]*)/.exec(top)![1]!)
      .digest('hex')}`;
    const { own } = this.end;
    request.headers.prepend('Via', `SIP/2.0/UDP ${own.address}:${own.port};branch=${branch}`);
    request.headers.set('Max-Forwards', String(Number(request.headers.get('Max-Forwards') ?? 70) - 1));
    if (request.method === 'INVITE') this.sent.set(branch, request);
    void this.end.send(toBuffer(request), { transport: 'udp', address, port: 5060 });
  }

  private back(response: SipResponse, flow: Flow): void {
    const forwarded = this.sent.get(response.via.branch ?? '');
    if (response.status === 482 && forwarded) {
      void this.end.send(toBuffer(ackFor(forwarded, response)), flow);
      return;
    }
    response.headers.removeFirst('Via');
    const { host, port } = response.via;
    void this.end.send(toBuffer(response), { transport: 'udp', address: host, port: port ?? 5060 });
  }
}
