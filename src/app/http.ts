import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { publicRecord } from '../calls/record';
import { acdPorts } from '../http/acd-ports';
import { apiToken } from '../http/api-token';
import { recordingPort } from '../http/recording-port';
import { createHttpServer } from '../http/server';
import type { Endpoint } from '../lib/addresses';
import type { Help } from '../sip/help';
import { acdConfig, type Recordings } from './state';
import type { SipParts } from './sip';

export interface HttpParts extends SipParts {
  readonly help: Help;
  readonly recordings: Recordings;
  /** The counters of the embedded SIP server, where there is one. */
  readonly metrics: (() => string) | undefined;
}

export async function listenHttp(parts: HttpParts): Promise<Endpoint> {
  const { plans, calls, acd, help, recordings, emergency, throttle } = parts;
  const { config, log, closer } = parts.base;
  const { token, file } = await apiToken(config.apiToken, config.dataDir);
  if (file) log.info({ file }, 'the API token is in this file');
  const server = await createHttpServer({
    credentials: { apiToken: token, terminalPassword: (user) => plans.plan.terminals.get(user)?.password },
    readiness: () => readiness(parts),
    help: { request: (terminal, body) => help.request(terminal, body) },
    calls: {
      find: async (id) => {
        const record = await calls.find(id);

        return record && publicRecord(record);
      },
      live: () => calls.live().map(publicRecord),
    },
    recordings: recordingPort(recordings.recorder, recordings.files),
    acd: acdPorts(acd, acdConfig(plans)),
    emergency,
    queues: {
      snapshot: () => acd.snapshot(),
      site: () => ({ site: plans.plan.site, version: plans.plan.version, faults: [...plans.versions.faults] }),
    },
    throttle,
    metrics: parts.metrics,
    assets: () => path.join(config.sitePath, 'assets'),
    log,
  });
  closer.add('REST', () => server.close());
  await server.listen({ host: config.host, port: config.httpPort });
  const { port } = server.server.address() as AddressInfo;

  return { host: config.host, port };
}

/** Whether calls can be taken, and what is not there. */
function readiness({ accepting, state, edge, media }: HttpParts): { ready: boolean; missing: string[] } {
  const missing = [
    ...(accepting() ? [] : ['the server is starting or stopping']),
    ...(state.store.available ? [] : ['the state store (Redis) cannot be reached']),
    ...(edge.connected ? [] : ['the SIP edge cannot be reached']),
  ];
  // Without an engine calls are taken all the same, so nobody is to send them elsewhere.
  const lacking = media()?.available ? [] : ['no media engine can be used: no menu by video or voice, no recording'];

  return { ready: missing.length === 0, missing: [...missing, ...lacking] };
}
