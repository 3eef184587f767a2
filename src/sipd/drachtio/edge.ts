import { randomUUID } from 'node:crypto';
import type { Logger } from '../../lib/logger';
import type { Dialog } from '../dialog/dialog';
import type { IncomingRequest } from '../dialog/incoming';
import type { OutgoingRequest } from '../dialog/outgoing';
import { UnroutableError } from '../dialog/target';
import { UserError } from '../dialog/user-error';
import type { UserAgent } from '../dialog/user-agent';
import type { SipMessage, SipRequest, SipResponse } from '../message/message';
import { toBuffer } from '../message/serialize';
import type { Flow, SipTransport } from '../transport/types';
import { parseRequestLine, parseStatusLine } from './command';
import type { Command } from './command';
import type { ControlClient } from './control-client';
import type { ControlServer } from './control-server';
import { localOf, metaLine, remoteOf } from './meta';
import type { Source } from './meta';
import type { Parking } from './parking';

/** The one transaction id that drachtio-srf takes for a request which the server sent of its own accord. */
const unsolicited = 'unsolicited';

/**
 * Joins applications and the user agent: commands become requests and responses, and what arrives is told to the
 * application that it belongs to. A dialog belongs to the application that created it or used it last; when that one
 * is gone, to any other.
 */
export class Edge {
  private readonly offs: (() => void)[];

  constructor(
    private readonly agent: UserAgent,
    private readonly control: ControlServer,
    private readonly transport: SipTransport,
    private readonly parking: Parking,
    private readonly log: Logger,
  ) {
    this.offs = [
      control.on('command', (client, command) => this.onCommand(client, command)),
      control.on('joined', () => this.onJoined()),
      control.on('left', (client) => this.onLeft(client)),
      agent.events.on('request', (incoming) => this.onRequest(incoming)),
      agent.events.on('cancel', (incoming, cancel) => this.onCancel(incoming, cancel)),
      agent.events.on('ack', (ack, flow, dialog, inviteId) => this.onAck(ack, flow, dialog, inviteId)),
      agent.events.on('response', (out, response, flow) => this.onResponse(out, response, flow)),
      agent.events.on('ended', (dialog, bye) => this.onEnded(dialog, bye)),
    ];
  }

  close(): void {
    for (const off of this.offs) off();
    this.parking.close();
  }

  private onCommand(client: ControlClient, command: Command): void {
    try {
      this.execute(client, command);
    } catch (error) {
      if (!(error instanceof UserError) && !(error instanceof UnroutableError)) {
        this.log.error({ err: error, startLine: command.startLine }, 'A command of the application failed');
        client.answer(command.id, 'NOK|Internal server error');
        return;
      }
      const isInside = command.verb === 'sip' && command.args[1] && !command.startLine.startsWith('SIP/');
      client.answer(command.id, `NOK|${isInside ? 'Server error: ' : ''}${oneLine(error.message)}`);
    }
  }

  private execute(client: ControlClient, command: Command): void {
    const [transactionId, dialogId, route] = command.args;
    if (command.verb === 'proxy') throw new UserError('this server does not proxy requests');
    const status = parseStatusLine(command.startLine);
    if (status) {
      this.respond(client, command, transactionId ?? '', status);
      return;
    }
    const line = parseRequestLine(command.startLine);
    if (!line) throw new UserError(`invalid request-uri: ${command.startLine}`);
    if (dialogId) this.sendInside(client, command, line, dialogId);
    else if (transactionId) this.cancel(client, command, line.method, transactionId);
    else this.sendOutside(client, command, line, route || undefined);
  }

  private respond(client: ControlClient, command: Command, id: string, line: { status: number; reason: string }): void {
    if (id === '') throw new UserError('transaction id missing');
    const { headers, body } = command;
    const { incoming, response } = this.agent.respond(id, { ...line, headers, body });
    const bytes = toBuffer(response);
    const meta = metaLine('application', bytes.length, remoteOf(incoming.transaction.flow));
    client.answer(command.id, `OK|${meta}|${id}|${incoming.dialog?.id ?? ''}||Msg sent:|`, bytes);
  }

  private sendOutside(
    client: ControlClient,
    command: Command,
    line: { method: string; uri: string },
    route: string | undefined,
  ): void {
    if (line.method === 'CANCEL' || line.method === 'ACK') throw new UserError('transaction id missing');
    const { headers, body } = command;
    this.echo(client, command, this.agent.send({ ...line, headers, body }, route, client));
  }

  private sendInside(
    client: ControlClient,
    command: Command,
    line: { method: string; uri: string },
    dialogId: string,
  ): void {
    const dialog = this.agent.dialog(dialogId);
    // A BYE may go out twice: the second time with credentials.
    const isKnown = dialog && (!dialog.isOver || (line.method === 'BYE' && dialog.state === 'ending'));
    if (line.method === 'ACK') {
      if (!isKnown) throw new UserError('ACK for non-success final response is automatically generated by server');
      this.echoMessage(client, command, this.agent.acknowledge(dialog, command), dialog, '');
      return;
    }
    if (!isKnown) throw new UserError('unable to find dialog for dialog id provided');
    this.agent.whenAllowed(dialog, line.method, () => {
      this.guarded(client, command, () => {
        if (dialog.state === 'ended') throw new UserError('unable to find dialog for dialog id provided');
        const { headers, body } = command;
        this.echo(client, command, this.agent.sendInside(dialog, { ...line, headers, body }, client));
      });
    });
  }

  private cancel(client: ControlClient, command: Command, method: string, id: string): void {
    if (method !== 'CANCEL') throw new UserError(`a ${method} needs no transaction id`);
    this.echoMessage(client, command, this.agent.cancel(id, command), undefined, randomUUID());
  }

  /** What was held back runs outside `onCommand`, so that it catches its errors itself. */
  private guarded(client: ControlClient, command: Command, fn: () => void): void {
    try {
      fn();
    } catch (error) {
      if (!(error instanceof UserError) && !(error instanceof UnroutableError)) throw error;
      client.answer(command.id, `NOK|Server error: ${oneLine(error.message)}`);
    }
  }

  private echo(client: ControlClient, command: Command, out: OutgoingRequest): void {
    const bytes = toBuffer(out.request);
    const own = { transport: out.destination.transport, ...this.transport.sentBy(out.destination) };
    const meta = metaLine('application', bytes.length, own);
    client.answer(command.id, `OK|${meta}|${out.id}|Msg sent:|`, bytes);
  }

  private echoMessage(
    client: ControlClient,
    command: Command,
    message: SipRequest,
    dialog: Dialog | undefined,
    id: string,
  ): void {
    const bytes = toBuffer(message);
    const flow = dialog?.flow;
    const own = flow ? localOf(flow) : { transport: 'udp', address: '', port: 0 };
    client.answer(command.id, `OK|${metaLine('application', bytes.length, own)}|${id}|Msg sent:|`, bytes);
  }

  private onRequest(incoming: IncomingRequest): void {
    const client = this.clientFor(incoming);
    if (client) this.deliver(client, incoming);
    else if (incoming.dialog) this.parking.add(incoming);
    else this.refuse(incoming);
  }

  /** Nobody takes it: 405 when applications are there but none wants this method, else 503. */
  private refuse(incoming: IncomingRequest): void {
    if (this.control.clientCount === 0) this.agent.refuse(incoming, 503, [['Retry-After', '5']]);
    else this.agent.refuse(incoming, 405, [['Allow', this.control.methods().join(', ')]]);
  }

  private clientFor(incoming: IncomingRequest): ControlClient | undefined {
    const { dialog } = incoming;
    if (!dialog) return this.control.pick(incoming.method);

    return this.ownerOf(dialog) ?? this.control.pick(incoming.method) ?? this.control.pickAny();
  }

  /** The application that a dialog belongs to, while it is connected. */
  private ownerOf(dialog: Dialog): ControlClient | undefined {
    const owner = dialog.owner as ControlClient | undefined;

    return owner?.isOpen ? owner : undefined;
  }

  private deliver(client: ControlClient, incoming: IncomingRequest): void {
    incoming.owner = client;
    const { dialog, transaction } = incoming;
    if (dialog && !this.ownerOf(dialog)) dialog.owner = client;
    const { address, port } = transaction.flow.local;
    const tail = dialog ? `${dialog.id}|` : `|${address}|${port}|`;
    this.tell(client, 'network', incoming.request, remoteOf(transaction.flow), `${incoming.id}|${tail}`);
  }

  private onCancel(incoming: IncomingRequest, cancel: SipRequest): void {
    const client = incoming.owner as ControlClient | undefined;
    const { flow } = incoming.transaction;
    if (client) this.tell(client, 'network', cancel, remoteOf(flow), `${incoming.id}|${incoming.dialog?.id ?? ''}|`);
  }

  private onAck(ack: SipRequest, flow: Flow, dialog: Dialog, inviteId: string): void {
    const client = this.ownerOf(dialog) ?? this.control.pickAny();
    if (client) this.tell(client, 'network', ack, remoteOf(flow), `${inviteId}|${dialog.id}|`);
  }

  private onResponse(out: OutgoingRequest, response: SipResponse, flow: Flow | undefined): void {
    const client = out.owner as ControlClient | undefined;
    const id = out.method === 'INVITE' || out.dialog ? dialogIdOf(out) : '';
    if (client) this.tell(client, 'network', response, remoteOf(flow ?? out.destination), `${out.id}|${id}|`);
  }

  private onEnded(dialog: Dialog, bye: SipRequest): void {
    const client = this.ownerOf(dialog) ?? this.control.pickAny();
    const place = dialog.flow ? localOf(dialog.flow) : { transport: 'udp', address: '', port: 0 };
    if (client) this.tell(client, 'application', bye, place, `${unsolicited}|${dialog.id}|`);
  }

  private tell(
    client: ControlClient,
    source: Source,
    message: SipMessage,
    place: ReturnType<typeof remoteOf>,
    tail: string,
  ): void {
    const bytes = toBuffer(message);
    client.send(`sip|${metaLine(source, bytes.length, place)}|${tail}`, bytes);
  }

  /** A new application gets what waited for one. */
  private onJoined(): void {
    for (const incoming of this.parking.takeAll()) this.onRequest(incoming);
  }

  /** What the application had not answered goes to another one, or waits for one; a call that rang there is lost. */
  private onLeft(client: ControlClient): void {
    for (const incoming of [...this.agent.pending()]) {
      if (incoming.owner !== client) continue;
      incoming.owner = undefined;
      if (incoming.hasProgress) this.agent.refuse(incoming, 503, [['Retry-After', '5']]);
      else this.onRequest(incoming);
    }
    this.agent.abandon(client);
  }
}

function dialogIdOf(out: OutgoingRequest): string {
  return out.dialog?.id ?? `${out.request.callId};from-tag=${out.request.fromTag ?? ''}`;
}

/** Text that cannot end the line or be taken for another token of it. */
function oneLine(text: string): string {
  return text.replace(/[\r\n|]+/g, ' ');
}
