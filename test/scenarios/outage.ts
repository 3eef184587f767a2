import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import net from 'node:net';
import { Redis } from 'ioredis';
import type { CallRecord } from '../../src/calls/record';
import { inProject } from '../../src/lib/paths';
import { makeKeys, type Keys } from '../../src/store/keys';
import { lastingPort } from '../support/ports';
import { Child, startServer, type ServerProcess } from '../support/processes';
import { startRedis, type TestRedis } from '../support/redis';
import { eventually, World } from './world';

export const controlSecret = 'a-secret-for-this-run';

interface Parts {
  redis: TestRedis;
  site: SiteCopy;
  /** The SIP edge as a process of its own; without it the application has its own inside. */
  edge?: EdgeProcess;
  line?: Line;
  env: Record<string, string>;
}

/** A world whose parts die and come back: Redis, the application and, if wanted, the SIP edge are processes of their own. */
export class Outage extends World {
  private constructor(
    server: ServerProcess,
    private readonly parts: Parts,
  ) {
    super(server, 'sightline.test');
  }

  /** `forgetful`: Redis keeps nothing over its restarts. `edit` changes the site before it is used; `env` adds settings. */
  static async begin(
    options: {
      ownEdge?: boolean;
      forgetful?: boolean;
      edit?: (site: SiteCopy) => Promise<void>;
      env?: Record<string, string>;
    } = {},
  ): Promise<Outage> {
    const redis = await startRedis({ appendonly: !options.forgetful });
    const site = await SiteCopy.make();
    await options.edit?.(site);
    const sipPort = String(await lastingPort());
    const env: Record<string, string> = {
      ...options.env,
      ...{ REDIS_URL: redis.url, SIGHTLINE_NODE: 'outage', SIGHTLINE_SIP_PORT: sipPort },
    };
    const edge = options.ownEdge ? await startEdge() : undefined;
    const line = edge && (await Line.to(edge.controlPort));
    if (line) env.DRACHTIO_URL = `tcp://:${controlSecret}@127.0.0.1:${line.port}`;
    const server = await startServer({ site: site.folder, env });

    return new Outage(server, { redis, site, env, ...(edge && line ? { edge, line } : {}) });
  }

  get redis(): TestRedis {
    return this.parts.redis;
  }

  get site(): SiteCopy {
    return this.parts.site;
  }

  /** Starts the application again, after it was ended, with the same name, store and SIP address. */
  async startAgain(): Promise<void> {
    const { site, env } = this.parts;
    await this.server.stop();
    this.server = await startServer({ site: site.folder, env });
  }

  /** Ends the application; SIGKILL leaves it no chance to tidy up. */
  async stopServer(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const { code } = await this.server.child.stop(signal);
    if (signal === 'SIGTERM' && code !== 0) throw new Error(`it stopped with ${this.server.child.describeExit()}`);
  }

  /** Cuts the connection between the application and its SIP edge; both live on. */
  cutLine(): void {
    this.parts.line?.cut();
  }

  /** Kills the SIP edge, and starts it again on the same ports. */
  async restartEdge(whileAway: () => Promise<void>): Promise<void> {
    const { edge, line } = this.parts;
    if (!edge || !line) throw new Error('this world has no SIP edge of its own');
    await edge.child.stop('SIGKILL');
    await whileAway();
    this.parts.edge = await startEdge(edge);
    line.leadTo(this.parts.edge.controlPort);
  }

  async readiness(): Promise<number> {
    return (await fetch(`${this.server.url}/readyz`)).status;
  }

  async callStates(): Promise<string[]> {
    const { body } = await this.get('/v1/calls');

    return (body.calls as { state: string }[]).map((call) => call.state);
  }

  /**
   * Resolves when the store has what `wanted` looks for in the record of this terminal's call. Records are written a few
   * milliseconds after the fact; what is told of a crash holds from then on.
   */
  async untilStored(user: string, wanted: (record: CallRecord) => boolean): Promise<CallRecord> {
    const id = await this.callIdOf(user);
    const record = await eventually(
      () => this.stored((client, keys) => client.get(keys.call(id))),
      (text) => text !== null && wanted(JSON.parse(text) as CallRecord),
    );

    return JSON.parse(record!) as CallRecord;
  }

  /** Changes a record in the store while no application is there. */
  async rewrite(record: CallRecord): Promise<void> {
    await this.stored((client, keys) => client.set(keys.call(record.id), JSON.stringify(record)));
  }

  private async callIdOf(user: string): Promise<string> {
    const { body } = await this.get('/v1/calls');
    const call = (body.calls as { id: string; caller: { user: string } }[]).find((one) => one.caller.user === user);
    if (!call) throw new Error(`${user} has no call`);

    return call.id;
  }

  private async stored<T>(use: (client: Redis, keys: Keys) => Promise<T>): Promise<T> {
    const client = new Redis(this.redis.url);
    try {
      return await use(client, makeKeys('demo'));
    } finally {
      client.disconnect();
    }
  }

  /** Resolves when no call is left and no seat is bound to one. */
  async untilNothingIsLeft(): Promise<void> {
    await eventually(
      async () => ({ calls: await this.callStates(), bound: await this.boundSeats() }),
      ({ calls, bound }) => calls.length === 0 && bound.length === 0,
    );
  }

  private async boundSeats(): Promise<string[]> {
    const { body } = await this.get('/v1/queues');
    const seats = body.seats as { seatId: string; state: string }[];

    return seats.filter(({ state }) => state === 'offered' || state === 'talking').map(({ seatId }) => seatId);
  }

  override async close(): Promise<void> {
    await super.close();
    const { redis, site, edge, line } = this.parts;
    line?.close();
    await edge?.child.stop();
    await redis.close();
    await site.remove();
  }
}

interface EdgeProcess {
  child: Child;
  controlPort: number;
  sipPort: number;
}

/** `sightline sipd`, on free ports or where an earlier one was. */
async function startEdge(former?: EdgeProcess): Promise<EdgeProcess> {
  const child = await Child.start({
    name: 'the SIP edge',
    command: process.execPath,
    args: [inProject('dist', 'src', 'main.js'), 'sipd'],
    env: {
      SIGHTLINE_SIP_PORT: String(former?.sipPort ?? (await lastingPort())),
      SIGHTLINE_WS_PORT: '0',
      SIGHTLINE_CONTROL_PORT: '0',
      SIGHTLINE_CONTROL_SECRET: controlSecret,
      DRACHTIO_URL: undefined,
    },
  });
  const { control, udp } = await child.waitForLine('its ready line', (line) => {
    if (!line.includes('"msg":"ready"')) return undefined;

    return (JSON.parse(line) as { sip: Record<'control' | 'udp', { port: number }> }).sip;
  });

  return { child, controlPort: control.port, sipPort: udp.port };
}

/** The way from the application to its SIP edge: a connection that can be cut. */
class Line {
  private readonly sockets = new Set<net.Socket>();

  private constructor(
    private readonly server: net.Server,
    private target: number,
  ) {
    server.on('connection', (socket) => this.join(socket));
  }

  static async to(target: number): Promise<Line> {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');

    return new Line(server, target);
  }

  get port(): number {
    return (this.server.address() as net.AddressInfo).port;
  }

  leadTo(target: number): void {
    this.target = target;
  }

  cut(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    this.cut();
  }

  private join(near: net.Socket): void {
    const far = net.connect(this.target, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.pipe(other);
      one.on('error', () => undefined);
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}

/** The demo site in a folder of its own, to be edited; its seats are free again as soon as a talk is over. */
export class SiteCopy {
  private constructor(readonly folder: string) {}

  static async make(): Promise<SiteCopy> {
    const parent = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
    const folder = path.join(parent, 'demo');
    await cp(inProject('dialplans', 'demo'), folder, { recursive: true });
    const site = new SiteCopy(folder);
    await site.edit('queues.yaml', (text) => text.replace(/wrapUp: \d+/g, 'wrapUp: 0'));

    return site;
  }

  /** Writes a file anew; the text has to change, so that no test edits in vain. */
  async edit(file: string, change: (text: string) => string): Promise<void> {
    const name = path.join(this.folder, file);
    const before = await readFile(name, 'utf8');
    const after = change(before);
    if (after === before)
      throw new Error(`nothing was changed in ${file} (${(await readdir(this.folder)).join(', ')})`);
    await writeFile(name, after);
  }

  async remove(): Promise<void> {
    await rm(path.dirname(this.folder), { recursive: true, force: true });
  }
}
