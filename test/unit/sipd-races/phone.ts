import type { Logger } from '../../../src/lib/logger';
import type { Told } from '../../../src/sipd/application';
import { UserAgent } from '../../../src/sipd/dialog/user-agent';
import { ControlServer } from '../../../src/sipd/drachtio/control-server';
import { Edge } from '../../../src/sipd/drachtio/edge';
import { Parking } from '../../../src/sipd/drachtio/parking';
import { LocalSrf } from '../../../src/sipd/local/local-srf';
import type { LocalHandler, LocalRequestOptions } from '../../../src/sipd/local/local-srf';
import type { LocalAnswer, LocalRequest } from '../../../src/sipd/local/messages';
import type { LocalResponse } from '../../../src/sipd/local/response';
import { defaultTimers } from '../../../src/sipd/transaction/timers';
import { Proxy } from '../../../src/sipd/proxy/proxy';
import { TransactionLayer } from '../../../src/sipd/transaction/transaction-layer';
import type { WireEnd } from '../sipd-transaction/wire';
import type { RaceClock } from './clock';

const timers = defaultTimers;
const settings = { minSessionExpires: 90 };
const allow = 'INVITE, ACK, CANCEL, BYE, UPDATE, PRACK, INFO, REFER, NOTIFY';
export const sdp = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\n';

class StirringSrf extends LocalSrf {
  constructor(
    private readonly clock: RaceClock,
    log: Logger,
  ) {
    super(log);
  }

  override tell(told: Told): void {
    this.clock.stir();
    super.tell(told);
  }
}

export interface Outgoing {
  method: string;
  finals: number[];
}

/**
 * A whole server with an application on it, which notes what it is told: `INVITE 200` a final answer to its own request,
 * `< BYE` a request of the peer, `INVITE ENODIALOG` a request that was refused here.
 */
export class Phone {
  readonly notes: string[] = [];
  readonly outgoing: Outgoing[] = [];
  /** Calls that are answered and not over, as the application knows them. */
  readonly open = new Set<string>();
  /** Transactions that the peer's requests were told by. */
  readonly told: string[] = [];
  readonly srf: LocalSrf;
  onInvite: (req: LocalRequest, res: LocalResponse) => void = (_req, res) => res.send(480);
  /** A call is over by the peer or by the server. */
  onBye: (dialogId: string) => void = () => undefined;
  onRequest: (req: LocalRequest, res: LocalResponse) => void = (_req, res) => res.send(200);
  private readonly layer: TransactionLayer;
  private readonly agent: UserAgent;
  private readonly control: ControlServer;
  private readonly parking: Parking;
  private readonly proxy: Proxy;
  private readonly edge: Edge;

  constructor(
    readonly end: WireEnd,
    private readonly clock: RaceClock,
    log: Logger,
    private readonly noted: (name: string, note: string) => void,
  ) {
    const checks = { extensions: ['100rel', 'timer'] };
    this.layer = new TransactionLayer({ transport: end, timers, clock, log, checks });
    this.agent = new UserAgent({ clock, timers, settings, log, transactions: this.layer, transport: end });
    const hostports = (): string[] => [`udp/${end.own.address}:5060`];
    this.control = new ControlServer({ host: '127.0.0.1', port: 0, secret: '', hostports, log });
    this.parking = new Parking(clock, 50 * timers.t1, (incoming) => this.agent.refuse(incoming, 503));
    const proxying = { agent: this.agent, transactions: this.layer, transport: end, clock, timers, log };
    this.proxy = new Proxy({ ...proxying, secret: '' });
    const { agent, control, parking, proxy } = this;
    this.edge = new Edge({ agent, control, transport: end, parking, proxy, log });
    this.srf = new StirringSrf(clock, log);
    this.srf.serve({ agent, hostports, join: (a) => control.join(a), leave: (a) => control.leave(a) });
    for (const method of ['invite', 'bye', 'info', 'update', 'refer', 'notify']) this.srf.use(method, this.take);
    this.srf.connect();
  }

  close(): void {
    this.srf.disconnect();
    this.edge.close();
    this.proxy.close();
    this.agent.close();
    this.layer.close();
  }

  note(what: string): void {
    this.notes.push(what);
    this.noted(this.end.name, what);
  }

  count(note: string): number {
    return this.notes.filter((other) => other === note).length;
  }

  /** The address of its calls. */
  get uri(): string {
    return `sip:${this.end.name}@${this.end.own.address}`;
  }

  /** Whether its application waits for nothing and talks to nobody. */
  get isIdle(): boolean {
    return this.open.size === 0 && this.outgoing.every(({ finals }) => finals.length > 0);
  }

  /** Sends an INVITE. What is acknowledged is a call until its BYE. */
  call(uri: string, more: Partial<LocalRequestOptions>, events: CallEvents = {}): void {
    const headers = {
      'Session-Expires': '90',
      Allow: allow,
      ...more.headers,
    };
    const options = { method: 'INVITE', body: sdp, ...more, headers };
    this.send(uri, options, (req) => {
      events.sent?.(req);
      req.on('update', (update: LocalRequest, res: LocalResponse) => this.take(update, res, () => undefined));
      req.on('response', (answer: LocalAnswer, ack: () => void) => {
        const { status, stackDialogId } = answer;
        if (status < 200) {
          if (answer.has('RSeq')) ack();
          events.progress?.(answer);
        } else if (status < 300) {
          this.open.add(stackDialogId);
          ack();
          events.answered?.(stackDialogId);
        } else {
          events.failed?.(status);
        }
      });
    });
  }

  /** Sends a request inside a dialog; a BYE ends the call whatever its answer. */
  inside(
    method: string,
    dialogId: string,
    then: (status: number) => void = () => undefined,
    more: Partial<LocalRequestOptions> = {},
  ): void {
    this.send('sip:placeholder', { method, stackDialogId: dialogId, ...more }, (req) => {
      req.on('response', (answer: LocalAnswer, ack: () => void) => {
        if (answer.status < 200) return;
        if (method === 'INVITE' && answer.status < 300) ack();
        if (method === 'BYE') this.open.delete(dialogId);
        then(answer.status);
      });
    });
  }

  /** Accepts a call or re-INVITE. */
  answer(res: LocalResponse, then: (dialogId: string) => void = () => undefined): void {
    const done = (error: unknown): void => {
      this.clock.stir();
      if (error) this.note(`(200 refused: ${(error as Error).message})`);
      else this.open.add(res.stackDialogId);
    };
    res.send(200, { body: sdp, headers: { Allow: allow } }, done, () => this.note('< ACK'));
    if (this.open.has(res.stackDialogId)) then(res.stackDialogId);
  }

  /** INVITEs that it gave up and may yet have to end. */
  get givenUp(): number {
    return this.layer.stats().givenUp;
  }

  /** What is left in any table, by its name; nothing is as it should be. */
  left(): Record<string, number> {
    const { layer, agent, srf } = this;
    const { client, server } = layer.stats();
    const tables = { merges: layer['merges'], mergeKeys: layer['mergeKeys'], flowUsers: layer['flowUsers'] };
    const sizes: Record<string, number> = { timers: layer.stats().timers, parked: this.parking.size };
    for (const [state, count] of Object.entries(client)) sizes[`client ${state}`] = count;
    for (const [state, count] of Object.entries(server)) sizes[`server ${state}`] = count;
    for (const [name, table] of Object.entries(tables)) sizes[name] = table.size;
    const { dialogsTotal: _sinceTheStart, ...agentNow } = agent.stats();
    Object.assign(sizes, agentNow, { proxied: this.proxy.size });
    Object.assign(sizes, { requests: srf['outgoing'].size, invites: srf['invites'].size });
    sizes['listeners for ACK'] = srf['ackListeners'].size;

    return Object.fromEntries(Object.entries(sizes).filter(([, size]) => size > 0));
  }

  private send(uri: string, options: LocalRequestOptions, sent: (req: LocalRequest) => void): void {
    this.clock.stir();
    const { method } = options;
    const entry: Outgoing = { method, finals: [] };
    this.outgoing.push(entry);
    this.noted(this.end.name, `> ${method}`);
    this.srf.request(uri, options, (error, req) => {
      if (error || !req) {
        entry.finals.push(0);
        this.note(`${method} ${(error as { code?: string }).code ?? String(error)}`);
        if (method === 'BYE' && options.stackDialogId) this.open.delete(options.stackDialogId);
        return;
      }
      req.on('response', ({ status }: LocalAnswer) => {
        if (status < 200) return;
        entry.finals.push(status);
        this.note(`${method} ${status}`);
      });
      sent(req);
    });
  }

  private readonly take: LocalHandler = (req, res) => {
    this.clock.stir();
    this.told.push(req.stackTxnId);
    const why =
      req.stackTxnId === 'unsolicited' ? ` (${/text="([^"]*)"/.exec(req.get('Reason') ?? '')?.[1] ?? ''})` : '';
    this.note(`< ${req.method}${why}`);
    if (req.method === 'BYE') {
      this.open.delete(req.stackDialogId);
      this.onBye(req.stackDialogId);
      res.send(200);
    } else if (req.method === 'INVITE') {
      req.on('cancel', () => this.note('< CANCEL'));
      req.on('update', (update: LocalRequest, answer: LocalResponse) => this.take(update, answer, () => undefined));
      this.onInvite(req, res);
    } else {
      this.onRequest(req, res);
    }
  };
}

export interface CallEvents {
  sent?: (req: LocalRequest) => void;
  progress?: (answer: LocalAnswer) => void;
  answered?: (dialogId: string) => void;
  failed?: (status: number) => void;
}
