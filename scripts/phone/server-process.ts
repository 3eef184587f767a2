import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';
import { Child } from './child';
import type { Address } from './transactions';

export interface ServerOptions {
  /** Folder in dialplans/ or a path. */
  site?: string;
  /** Further settings; they win over the defaults here. */
  env?: Record<string, string | undefined>;
  /** ms until it must be ready. */
  timeout?: number;
}

/** The built server as a child process, on ports of its own. */
export interface ServerProcess {
  child: Child;
  pid: number;
  sip: Address;
  http: Address;
  ws: Address | undefined;
  /** There when it was given a certificate. */
  tls: Address | undefined;
  wss: Address | undefined;
  /** `http://host:port`. */
  url: string;
  /** The bearer token that it was started with. */
  apiToken: string;
  /** Ends it by SIGTERM, waits for that and removes its data. */
  stop(): Promise<void>;
}

export const testToken = 'a-token-for-this-run';

/**
 * Starts `node dist/src/main.js` on free ports of 127.0.0.1 with a data folder of its own and waits for its ready line.
 * @throws Error with the last lines when it does not come up.
 */
export async function startServer(options: ServerOptions = {}): Promise<ServerProcess> {
  const main = inProject('dist', 'src', 'main.js');
  if (!existsSync(main)) throw new Error('dist/src/main.js is missing: run `npm run build` first');
  const dataDir = await mkdtemp(path.join(os.tmpdir(), 'sightline-data-'));
  const child = await Child.start({
    name: 'the server',
    command: process.execPath,
    args: [main],
    env: { ...serverEnvironment(options.site ?? 'demo', dataDir), ...options.env },
  });
  try {
    const ready = await child.waitForLine('its ready line', readReady, options.timeout ?? 20_000);
    const stop = async (): Promise<void> => {
      await child.stop();
      await rm(dataDir, { recursive: true, force: true });
    };
    const apiToken = options.env?.SIGHTLINE_API_TOKEN ?? testToken;

    return { child, pid: child.pid, ...ready, url: `http://${ready.http.host}:${ready.http.port}`, apiToken, stop };
  } catch (error) {
    await child.stop('SIGKILL');
    await rm(dataDir, { recursive: true, force: true });
    throw error;
  }
}

function serverEnvironment(site: string, dataDir: string): Record<string, string | undefined> {
  return {
    SIGHTLINE_HOST: '127.0.0.1',
    SIGHTLINE_SIP_PORT: '0',
    SIGHTLINE_SIP_TLS_PORT: '0',
    SIGHTLINE_WS_PORT: '0',
    SIGHTLINE_WSS_PORT: '0',
    SIGHTLINE_HTTP_PORT: '0',
    SIGHTLINE_CONTROL_PORT: '0',
    SIGHTLINE_SITE: site,
    SIGHTLINE_DATA: dataDir,
    SIGHTLINE_API_TOKEN: testToken,
    REDIS_URL: undefined,
  };
}

type Ready = Pick<ServerProcess, 'sip' | 'http' | 'ws' | 'tls' | 'wss'>;

/** Reads `{"msg":"ready","sip":{"host","port"},"http":{…},"ws"?:{…}}`, with `tls` and `wss` like `ws`. */
function readReady(line: string): Ready | undefined {
  if (!line.includes('"msg":"ready"')) return undefined;
  const ready = JSON.parse(line) as Partial<Record<keyof Ready, Partial<Address>>>;
  const sip = addressIn(ready.sip);
  const http = addressIn(ready.http);
  if (!sip || !http) throw new Error(`the ready line names no address: ${line}`);

  return { sip, http, ws: addressIn(ready.ws), tls: addressIn(ready.tls), wss: addressIn(ready.wss) };
}

function addressIn(value: Partial<Address> | undefined): Address | undefined {
  return typeof value?.port === 'number' ? { host: value.host ?? '127.0.0.1', port: value.port } : undefined;
}
