import { randomUUID } from 'node:crypto';
import { systemClock } from '../../lib/clock';
import type { Clock } from '../../lib/clock';
import type { Logger } from '../../lib/logger';
import { localOf, remoteOf, unsolicited } from '../application';
import type { Application } from '../application';
import type { Dialog } from '../dialog/dialog';
import type { IncomingRequest } from '../dialog/incoming';
import type { OutgoingRequest } from '../dialog/outgoing';
import { UserError } from '../dialog/user-error';
import type { UserAgent } from '../dialog/user-agent';
import { acknowledge, isRefusal, sendInside } from '../inside';
import type { SipRequest, SipResponse } from '../message/message';
import { toBuffer } from '../message/serialize';
import { parseOrder } from '../proxy/order';
import type { Proxy } from '../proxy/proxy';
import type { Flow, SipTransport } from '../transport/types';
import { parseRequestLine, parseStatusLine } from './command';
import { CallRecords } from './cdr';
import type { Command } from './command';
import type { ControlClient } from './control-client';
import type { ControlServer } from './control-server';
import { metaLine } from './meta';
import { NewRequests } from './new-requests';
import type { ApplicationRouter } from './outbound';
import type { Parking } from './parking';

export interface EdgeParts {
  agent: UserAgent;
  control: ControlServer;
  transport: SipTransport;
  parking: Parking;
  proxy: Proxy;
  log: Logger;
  clock?: Clock;
  /** Which application gets a new request; the connected ones in turn when left out. */
  router?: ApplicationRouter | undefined;
}

/**
 * Joins applications and the user agent: commands become requests and responses, and what arrives is told to the
 * application that it belongs to. A dialog belongs to the application that created it or used it last; when that one
 * is gone, to any other.
 */
export class Edge {
  private readonly agent: UserAgent;
  private readonly control: ControlServer;
  private readonly transport: SipTransport;
  private readonly parking: Parking;
  private readonly proxy: Proxy;
  private readonly log: Logger;
  private readonly offs: (() => void)[];
  private readonly records: CallRecords;
  private readonly newRequests: NewRequests | undefined;

  constructor(parts: EdgeParts) {
    const { agent, control, proxy, log, clock = systemClock, router } = parts;
    this.agent = agent;
    this.control = control;
    this.transport = parts.transport;
    this.parking = parts.parking;
    this.proxy = proxy;
    this.log = log;
    const inTurn = (incoming: IncomingRequest): void => this.onRequest(incoming);
    const deliver = (application: Application, incoming: IncomingRequest): void => this.deliver(application, incoming);
    const context = { agent, control, proxy, log, clock, deliver, inTurn };
    this.newRequests = router && new NewRequests(router, context);
    this.offs = [
      control.on('command', (client, command) => this.onCommand(client, command)),
      control.on('joined', () => this.onJoined()),
      control.on('left', (application) => this.onLeft(application)),
      agent.events.on('request', (incoming) => this.onArrival(incoming)),
      agent.events.on('cancel', (incoming, cancel) => this.onCancel(incoming, cancel)),
      agent.events.on('ack', (ack, flow, dialog, inviteId) => this.onAck(ack, flow, dialog, inviteId)),
      agent.events.on('response', (out, response, flow) => this.onResponse(out, response, flow)),
      agent.events.on('ended', (dialog, bye) => this.onEnded(dialog, bye)),
    ];
    // After the listeners above: an application hears of a message before its record.
    this.records = new CallRecords(agent, proxy, control);
  }

  close(): void {
    for (const off of this.offs) off();
    this.records.close();
    this.newRequests?.close();
    this.parking.close();
  }

  private onCommand(client: ControlClient, command: Command): void {
    try {
      this.execute(client, command);
    } catch (error) {
      if (!isRefusal(error)) {
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
    if (command.verb === 'proxy') {
      this.startProxy(client, command);
      return;
    }
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

  private startProxy(client: ControlClient, command: Command): void {
    const order = parseOrder(command.args, command.headers);
    this.proxy.start(order, {
      final: (response, from) => {
        const bytes = toBuffer(response);
        const meta = metaLine('network', bytes.length, remoteOf(from));
        client.answer(command.id, `OK|${meta}|||continue`, bytes);
      },
      done: () => client.answer(command.id, 'OK|done'),
    });
    if (!order.fullResponse) client.answer(command.id, 'OK|done');
  }

  private respond(client: ControlClient, command: Command, id: string, line: { status: number; reason: string }): void {
    if (id === '') throw new UserError('transaction id missing');
    const { headers, body } = command;
    const { incoming, response } = this.agent.respond(id, { ...line, headers, body });
    const bytes = toBuffer(response);
    const meta = metaLine('application', bytes.length, remoteOf(incoming.transaction.flow));
    client.answer(command.id, `OK|${meta}|${id}|${incoming.dialog?.id ?? ''}||Msg sent:|`, bytes);
    this.records.responded(incoming, response);
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
    if (line.method === 'ACK') {
      const { ack, dialog } = acknowledge(this.agent, dialogId, command);
      this.echoMessage(client, command, ack, dialog, '');
      return;
    }
    const { headers, body } = command;
    sendInside(this.agent, dialogId, { ...line, headers, body }, client, {
      sent: (out) => this.echo(client, command, out),
      refused: (why) => client.answer(command.id, `NOK|Server error: ${oneLine(why.message)}`),
    });
  }

  private cancel(client: ControlClient, command: Command, method: string, id: string): void {
    if (method !== 'CANCEL') throw new UserError(`a ${method} needs no transaction id`);
    this.echoMessage(client, command, this.agent.cancel(id, command), undefined, randomUUID());
  }

  private echo(client: ControlClient, command: Command, out: OutgoingRequest): void {
    const bytes = toBuffer(out.request);
    const own = { transport: out.destination.transport, ...this.transport.sentBy(out.destination) };
    const meta = metaLine('application', bytes.length, own);
    client.answer(command.id, `OK|${meta}|${out.id}|Msg sent:|`, bytes);
    this.records.sent(out.request);
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

  private onArrival(incoming: IncomingRequest): void {
    if (incoming.dialog || !this.newRequests) this.onRequest(incoming);
    else void this.newRequests.take(incoming);
  }

  private onRequest(incoming: IncomingRequest): void {
    const application = this.applicationFor(incoming);
    if (application) this.deliver(application, incoming);
    else if (incoming.dialog) this.parking.add(incoming);
    else this.refuse(incoming);
  }

  /** Nobody takes it: 405 when applications are there but none wants this method, else 503. */
  private refuse(incoming: IncomingRequest): void {
    if (this.control.count === 0) this.agent.refuse(incoming, 503, [['Retry-After', '5']]);
    else this.agent.refuse(incoming, 405, [['Allow', this.control.methods().join(', ')]]);
  }

  private applicationFor(incoming: IncomingRequest): Application | undefined {
    const { dialog } = incoming;
    if (!dialog) return this.control.pick(incoming.method);

    return this.ownerOf(dialog) ?? this.control.pick(incoming.method) ?? this.control.pickAny();
  }

  /** The application that a dialog belongs to, while it is connected. */
  private ownerOf(dialog: Dialog): Application | undefined {
    const owner = dialog.owner as Application | undefined;

    return owner?.isOpen ? owner : undefined;
  }

  private deliver(application: Application, incoming: IncomingRequest): void {
    incoming.owner = application;
    const { dialog, id, request, transaction } = incoming;
    // As drachtio-server does. RFC 3261 section 17.2.1 spares a 100 only to those who know that they answer within 200 ms.
    if (application.isRemote && request.method === 'INVITE' && !incoming.hasProgress) transaction.reply(100);
    if (dialog && !this.ownerOf(dialog)) dialog.owner = application;
    const from = { source: 'network', message: request, place: remoteOf(transaction.flow), id } as const;
    if (dialog) application.tell({ ...from, dialogId: dialog.id });
    else application.tell({ ...from, dialogId: '', receivedOn: transaction.flow.local });
  }

  private onCancel(incoming: IncomingRequest, cancel: SipRequest): void {
    this.newRequests?.cancelled(incoming);
    const application = incoming.owner as Application | undefined;
    const { dialog, id, transaction } = incoming;
    const place = remoteOf(transaction.flow);
    application?.tell({ source: 'network', message: cancel, place, id, dialogId: dialog?.id ?? '' });
  }

  private onAck(ack: SipRequest, flow: Flow, dialog: Dialog, inviteId: string): void {
    const application = this.ownerOf(dialog) ?? this.control.pickAny();
    const place = remoteOf(flow);
    application?.tell({ source: 'network', message: ack, place, id: inviteId, dialogId: dialog.id });
  }

  private onResponse(out: OutgoingRequest, response: SipResponse, flow: Flow | undefined): void {
    const application = out.owner as Application | undefined;
    const dialogId = out.method === 'INVITE' || out.dialog ? dialogIdOf(out) : '';
    const place = remoteOf(flow ?? out.destination);
    application?.tell({ source: 'network', message: response, place, id: out.id, dialogId });
  }

  private onEnded(dialog: Dialog, bye: SipRequest): void {
    const application = this.ownerOf(dialog) ?? this.control.pickAny();
    const place = dialog.flow ? localOf(dialog.flow) : { transport: 'udp', address: '', port: 0 };
    application?.tell({ source: 'application', message: bye, place, id: unsolicited, dialogId: dialog.id });
  }

  /** A new application gets what waited for one. */
  private onJoined(): void {
    for (const incoming of this.parking.takeAll()) this.onRequest(incoming);
  }

  /** What the application had not answered goes to another one, or waits for one; a call that rang there is lost. */
  private onLeft(application: Application): void {
    for (const incoming of [...this.agent.pending()]) {
      if (incoming.owner !== application) continue;
      incoming.owner = undefined;
      if (incoming.hasProgress) this.agent.refuse(incoming, 503, [['Retry-After', '5']]);
      else this.onRequest(incoming);
    }
    this.agent.abandon(application);
  }
}

function dialogIdOf(out: OutgoingRequest): string {
  return out.dialog?.id ?? `${out.request.callId};from-tag=${out.request.fromTag ?? ''}`;
}

/** Text that cannot end the line or be taken for another token of it. */
function oneLine(text: string): string {
  return text.replace(/[\r\n|]+/g, ' ');
}
