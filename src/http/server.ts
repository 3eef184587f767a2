import type { Server } from 'node:http';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyHttpOptions } from 'fastify';
import { systemClock, type Clock } from '../lib/clock';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import { ajvOptions } from '../lib/schema';
import { Throttle } from '../sip/registrar/throttle';
import type { AcdPorts } from './acd-ports';
import { addAssetRoutes } from './assets';
import { authenticate, type Credentials, type HttpCaller } from './auth';
import { addCallRoutes, type CallPort } from './calls';
import { answerBroken, asHttpError } from './faults';
import { addEmergencyRoutes, type EmergencyPort } from './emergency';
import { addHealthRoutes, type Readiness } from './health';
import { addHelpRoutes, type HelpPort } from './help';
import { addMetricsRoute } from './metrics';
import { watchMethods } from './methods';
import { addDocumentRoute, describeRoutes } from './openapi';
import { Problem, sendProblem } from './problem';
import { addQueueDetailRoutes } from './queue-detail';
import { addQueueRoutes, type QueuePort } from './queues';
import { addRecordingRoutes, type RecordingPort } from './recordings';
import { addSeatRoutes } from './seats';
import { addTicketRoutes } from './tickets';
import { describeFaults } from './validation';

export type { Readiness } from './health';

export interface HttpPorts {
  credentials: Credentials;
  readiness(): Readiness;
  help: HelpPort;
  calls: CallPort;
  queues: QueuePort;
  /** Without it nobody sees single queues, tickets and seats, nor changes anything about them. */
  acd?: AcdPorts;
  /** Without it there is no emergency message. */
  emergency?: EmergencyPort;
  /** Without it there are no recordings. */
  recordings?: RecordingPort;
  /** Samples for Prometheus; without it, as with a SIP edge of its own, there are none. */
  metrics?: (() => string) | undefined;
  /** The folder with the pictures of the site in force; without it none are served. */
  assets?(): string;
  log: Logger;
  clock?: Clock;
  /** Give that of the registrar, so that a password cannot be guessed by two ways at once. */
  throttle?: Throttle;
  limits?: Partial<HttpLimits>;
}

export interface HttpLimits {
  /** Bytes of a request body; help requests and commands are small. */
  bodyLimit: number;
  /** Milliseconds in which a request has to be here whole. */
  requestTimeout: number;
  /** Milliseconds after which a request that is being served is answered 503. */
  handlerTimeout: number;
  /** Milliseconds for which a connection may stay without a request. */
  keepAliveTimeout: number;
  /** Milliseconds that requests under way get when the server closes. */
  closeGrace: number;
}

export const defaultHttpLimits: HttpLimits = {
  bodyLimit: 64 * 1024,
  requestTimeout: 10_000,
  handlerTimeout: 15_000,
  keepAliveTimeout: 30_000,
  closeGrace: 3_000,
};

declare module 'fastify' {
  interface FastifyRequest {
    caller?: HttpCaller;
  }
}

/**
 * Builds the REST server; `listen` and `close` are the caller's. `close` lets requests under way end, answers new ones
 * 503 SHUTTING_DOWN, and cuts off what is still open after `limits.closeGrace`.
 */
export async function createHttpServer(ports: HttpPorts): Promise<FastifyInstance> {
  const limits = { ...defaultHttpLimits, ...ports.limits };
  const clock = ports.clock ?? systemClock;
  const server = Fastify(serverOptions(limits));
  // Only JSON is taken; anything else is 415.
  server.removeContentTypeParser('text/plain');
  server.setSchemaErrorFormatter(describeFaults);
  server.setErrorHandler((error: FastifyError, request, reply) => {
    const known = asHttpError(error);
    const { method, url } = request;
    if (known.code === 'INTERNAL') ports.log.error({ err: error, method, url }, 'a request failed');

    return sendProblem(reply, known);
  });
  server.setNotFoundHandler((_request, reply) => sendProblem(reply, new SightlineError('NOT_FOUND')));
  addSafetyHeaders(server);
  closeInTime(server, clock, limits.closeGrace);
  server.addSchema(Problem);
  const refuseOtherMethods = watchMethods(server);
  await describeRoutes(server);
  addHealthRoutes(server, ports.readiness);
  await server.register(async (v1) => addGuardedRoutes(v1, ports, clock));
  addDocumentRoute(server);
  if (ports.assets) addAssetRoutes(server, ports.assets);
  refuseOtherMethods();

  return server;
}

function serverOptions(limits: HttpLimits): FastifyHttpOptions<Server> {
  const { bodyLimit, requestTimeout, handlerTimeout, keepAliveTimeout } = limits;

  return {
    logger: false,
    bodyLimit,
    requestTimeout,
    handlerTimeout,
    keepAliveTimeout,
    http: { headersTimeout: requestTimeout, connectionsCheckingInterval: Math.min(requestTimeout, 5_000) },
    // A reverse proxy on this machine may say for whom it asks; nobody else is believed.
    trustProxy: 'loopback',
    return503OnClosing: false,
    ajv: {
      customOptions: { ...ajvOptions, removeAdditional: false, coerceTypes: false, allErrors: true, verbose: true },
    },
    clientErrorHandler: answerBroken,
    frameworkErrors: (error, _request, reply) => void sendProblem(reply, asHttpError(error)),
  };
}

function addGuardedRoutes(v1: FastifyInstance, ports: HttpPorts, clock: Clock): void {
  const throttle = ports.throttle ?? new Throttle();
  v1.addHook('onRequest', async (request) => {
    const guard = { throttle, source: request.ip, now: clock.now() };
    request.caller = authenticate(request.headers.authorization, ports.credentials, guard);
  });
  addHelpRoutes(v1, ports.help);
  addCallRoutes(v1, ports.calls);
  addQueueRoutes(v1, ports.queues);
  if (ports.acd) addAcdRoutes(v1, ports.acd, ports.log);
  if (ports.emergency) addEmergencyRoutes(v1, ports.emergency, ports.log);
  if (ports.metrics) addMetricsRoute(v1, ports.metrics);
  if (ports.recordings) addRecordingRoutes(v1, ports.recordings);
}

function addAcdRoutes(v1: FastifyInstance, { seats, tickets, queueDetail }: AcdPorts, log: Logger): void {
  addSeatRoutes(v1, seats, log);
  addTicketRoutes(v1, tickets, log);
  addQueueDetailRoutes(v1, queueDetail);
}

/** Answers are for programs: nothing in them is to be guessed at, framed, run or kept by a browser. */
function addSafetyHeaders(server: FastifyInstance): void {
  const headers = {
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
  };
  server.addHook('onRequest', async (_request, reply) => {
    void reply.headers(headers);
  });
}

/** A request that never ends must not keep the server from closing. */
function closeInTime(server: FastifyInstance, clock: Clock, grace: number): void {
  let closing = false;
  server.addHook('onRequest', async () => {
    if (closing) throw new SightlineError('SHUTTING_DOWN');
  });
  server.addHook('preClose', async () => {
    closing = true;
    const cancel = clock.after(grace, () => server.server.closeAllConnections());
    server.server.once('close', cancel);
  });
}
