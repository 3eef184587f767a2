import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { within } from '../../scripts/phone';
import { Child } from '../../scripts/phone/child';
import { encodeNetstring, NetstringReader } from './netstring';
import { freeTcpPort } from './ports';

export interface BaresipOptions {
  user: string;
  password?: string;
  domain: string;
  /** Where it registers and sends its calls; left out: it does not register and calls addresses directly. */
  server?: { host: string; port: number };
  /** `auto` picks up at once; default `manual`. */
  answer?: 'auto' | 'manual';
  /** Default true. */
  video?: boolean;
  /** What it offers and takes for pictures, best first; default both. */
  videoCodecs?: readonly ('vp8' | 'h264')[];
  /** A video file that it shows in a loop; default a test picture. */
  film?: string;
  /** How its media are secured: by keys in the description (RFC 4568) or by DTLS (RFC 5764). It then takes nothing else. */
  security?: 'srtp-mand' | 'dtls_srtp';
  /** How it reaches the server; TLS with the authorities in the file `ca`. Default UDP. */
  signalling?: { ca: string };
  /** What it hears is kept, see `heard`. Default false. */
  keepsSound?: boolean;
}

/** An event of the control port, e.g. `REGISTER_OK`, `CALL_ESTABLISHED`, `CALL_RTPESTAB`, `CALL_CLOSED`. */
export interface BaresipEvent {
  type: string;
  param?: string;
  id?: string;
  peeruri?: string;
}

interface Response {
  ok: boolean;
  data: string;
  token?: string;
}

export interface StreamPackets {
  sent: number;
  received: number;
}

interface Waiter {
  matches: (event: BaresipEvent) => boolean;
  resolve: (event: BaresipEvent) => void;
}

const wavHeadBytes = 44;
const moduleFolders = ['/usr/lib/baresip/modules', '/usr/lib/x86_64-linux-gnu/baresip/modules'];

/** A baresip process: a SIP video phone that nobody here wrote, driven over its control port. */
export class Baresip {
  private unread: BaresipEvent[] = [];
  private waiters: Waiter[] = [];
  private readonly history: string[] = [];
  private readonly pending = new Map<string, (response: Response) => void>();
  private tokens = 0;

  private constructor(
    readonly options: BaresipOptions,
    readonly child: Child,
    private readonly socket: net.Socket,
    private readonly dir: string,
    /** Where it takes SIP over UDP. */
    readonly sipPort: number,
  ) {
    const reader = new NetstringReader();
    socket.on('data', (bytes) => reader.feed(bytes).forEach((text) => this.take(text)));
    socket.on('error', () => undefined);
  }

  /** Starts it in a folder of its own and waits for its control port. @throws Error with its last lines. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    const dir = await mkdtemp(path.join(os.tmpdir(), `baresip-${options.user}-`));
    const [control, sipPort] = [await freeTcpPort(), await freeSipPort()];
    await writeConfig(dir, options, control, sipPort);
    const child = await Child.start({
      name: `baresip ${options.user}`,
      command: 'baresip',
      args: ['-f', dir, '-v'],
      cwd: dir,
    });
    try {
      const ready = (line: string): true | undefined => (line.includes('baresip is ready') ? true : undefined);
      await child.waitForLine('being ready', ready);

      return new Baresip(options, child, await connect(control), dir, sipPort);
    } catch (error) {
      await child.stop('SIGKILL');
      await rm(dir, { recursive: true, force: true });
      throw error;
    }
  }

  /** Its own address, for calls without a server. */
  get uri(): string {
    return `sip:${this.options.user}@127.0.0.1:${this.sipPort}`;
  }

  /** Presses keys one after another, as RTP events (RFC 4733). */
  async press(keys: string): Promise<void> {
    await this.command('sndcode', keys);
  }

  /** What it has heard in its latest call so far, at 8 kHz. @throws Error where no sound is kept. */
  async heard(): Promise<Int16Array> {
    const names = (await readdir(this.dir)).filter((name) => name.endsWith('-dec.wav')).sort();
    const latest = names[names.length - 1];
    if (latest === undefined) throw new Error(`${this.child.name} has kept no sound`);
    // During a call the head does not tell the length yet.
    const bytes = (await readFile(path.join(this.dir, latest))).subarray(wavHeadBytes);

    return Int16Array.from({ length: Math.floor(bytes.length / 2) }, (_, index) => bytes.readInt16LE(index * 2));
  }

  /** Runs a command of its menu and resolves with what it printed. @throws Error when baresip refuses it. */
  async command(command: string, params = ''): Promise<string> {
    const token = String(++this.tokens);
    const answer = new Promise<Response>((resolve) => this.pending.set(token, resolve));
    this.socket.write(encodeNetstring(JSON.stringify({ command, params, token })));
    const response = await within(answer, 15_000, `the answer of ${this.child.name} to '${command}'`, () =>
      this.seen(),
    );
    if (!response.ok) throw new Error(`${this.child.name} refused '${command} ${params}': ${response.data}`);

    return response.data;
  }

  async dial(target: string): Promise<void> {
    await this.command('dial', target);
  }

  async accept(): Promise<void> {
    await this.command('accept');
  }

  async hangup(): Promise<void> {
    await this.command('hangup');
  }

  /** The next event of this type that no earlier wait has returned. @throws WaitError with what was seen. */
  async waitFor(
    type: string,
    where: (event: BaresipEvent) => boolean = () => true,
    timeout = 10_000,
  ): Promise<BaresipEvent> {
    const matches = (event: BaresipEvent): boolean => event.type === type && where(event);
    const found = this.unread.find(matches);
    if (found) {
      this.unread = this.unread.filter((event) => event !== found);
      return found;
    }
    let waiter: Waiter | undefined;
    const coming = new Promise<BaresipEvent>((resolve) => {
      waiter = { matches, resolve };
      this.waiters.push(waiter);
    });
    try {
      return await within(coming, timeout, `${type} from ${this.child.name}`, () => this.seen());
    } finally {
      this.waiters = this.waiters.filter((one) => one !== waiter);
    }
  }

  /** Resolves when it has registered, also where that was before its control port took us: its event goes to nobody then. */
  async untilRegistered(): Promise<void> {
    await this.child.waitForLine('its registration', (line) =>
      / 200 OK .*\[\d+ bindings?\]/.test(line) ? true : undefined,
    );
  }

  /** Resolves when RTP comes in for audio and, unless it was started without, video. */
  async untilMediaFlows(timeout = 10_000): Promise<void> {
    const kinds = this.options.video === false ? ['audio'] : ['audio', 'video'];
    await Promise.all(kinds.map((kind) => this.waitFor('CALL_RTPESTAB', (event) => event.param === kind, timeout)));
  }

  /** Packets of the present call, as its RTCP session counts them. */
  async packets(kind: 'audio' | 'video'): Promise<StreamPackets> {
    const text = await this.command(`${kind}_debug`);
    const sent = /TX: packets=(\d+)/.exec(text)?.[1];
    const received = [...text.matchAll(/rcvd=(\d+)/g)].reduce((sum, found) => sum + Number(found[1]), 0);

    return { sent: Number(sent ?? 0), received };
  }

  /** Saves the next picture it receives as PNG and resolves with the file's path. */
  async snapshot(): Promise<string> {
    const file = path.join(this.dir, `picture${++this.tokens}.png`);
    await this.command('snapshot_recv', file);
    const written = (line: string): true | undefined => (line.includes(`png: wrote ${file}`) ? true : undefined);
    await this.child.waitForLine('a picture', written, 15_000);
    await untilWhole(file);

    return file;
  }

  async stop(): Promise<void> {
    this.socket.destroy();
    await this.child.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  private take(text: string): void {
    const message = JSON.parse(text) as Partial<Response & BaresipEvent>;
    if (message.type === undefined) {
      const { token = '', ok = false, data = '' } = message;
      this.pending.get(token)?.({ ok, data });
      this.pending.delete(token);
      return;
    }
    const event = { ...message, type: message.type };
    this.history.push(event.param === undefined ? event.type : `${event.type} ${event.param}`);
    const waiter = this.waiters.find((one) => one.matches(event));
    if (!waiter) {
      this.unread.push(event);
      return;
    }
    this.waiters = this.waiters.filter((one) => one !== waiter);
    waiter.resolve(event);
  }

  private seen(): string {
    return `events so far: ${this.history.join(', ') || 'none'}; ${this.child.describeExit()}; ${this.child.tail()}`;
  }
}

/** Baresip says that a picture is written before it has closed the file; a whole PNG ends with the chunk IEND. */
async function untilWhole(file: string): Promise<void> {
  const limit = Date.now() + 15_000;
  while (!(await readFile(file)).subarray(-8, -4).equals(Buffer.from('IEND'))) {
    if (Date.now() > limit) throw new Error(`${file} is no whole PNG`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function connect(port: number): Promise<net.Socket> {
  const socket = net.connect(port, '127.0.0.1');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.once('connect', () => resolve());
  });

  return socket;
}

/** A SIP port whose neighbour is free too: baresip takes the next one for TLS. */
async function freeSipPort(): Promise<number> {
  for (;;) {
    const port = await freeTcpPort();
    const next = net.createServer();
    const free = await new Promise<boolean>((resolve) => {
      next.once('error', () => resolve(false));
      next.listen(port + 1, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise<void>((resolve) => next.close(() => resolve()));

    return port;
  }
}

async function writeConfig(dir: string, options: BaresipOptions, control: number, sipPort: number): Promise<void> {
  const modules = await findModules();
  await mkdir(dir, { recursive: true });
  await writeFile(path.join(dir, 'config'), configText({ ...options, modules, dir, control, sipPort }));
  await writeFile(path.join(dir, 'accounts'), `${accountLine(options, sipPort)}\n`);
  await writeFile(path.join(dir, 'contacts'), '');
}

function accountLine(options: BaresipOptions, sipPort: number): string {
  const { user, password, domain, server, answer = 'manual', security, signalling } = options;
  const transport = signalling ? 'tls' : 'udp';
  let line = `<sip:${user}@${server ? domain : `127.0.0.1:${sipPort}`}>;answermode=${answer}`;
  if (password !== undefined) line += `;auth_pass=${password}`;
  if (security !== undefined) line += `;mediaenc=${security}`;
  if (server) line += `;outbound="sip:${server.host}:${server.port};transport=${transport}";regint=3600`;
  else line += ';regint=0';

  return line;
}

interface ConfigParts extends Pick<
  BaresipOptions,
  'video' | 'videoCodecs' | 'film' | 'keepsSound' | 'security' | 'signalling'
> {
  modules: string;
  dir: string;
  control: number;
  sipPort: number;
}

function configText(parts: ConfigParts): string {
  const { modules, dir, control, sipPort } = parts;
  const lines = [
    `sip_listen 127.0.0.1:${sipPort}`,
    // Without it the first interface that is not the loopback goes into session descriptions.
    'net_interface 127.0.0.1',
    'audio_source ausine,400',
    // The one rate that this source knows; it is brought down to that of the codec.
    'ausrc_srate 48000',
    'ausrc_channels 2',
    `audio_player aufile,${path.join(dir, 'heard.wav')}`,
    `audio_alert aufile,${path.join(dir, 'alert.wav')}`,
    'ausrc_format s16',
    'auplay_format s16',
    'auenc_format s16',
    'audec_format s16',
    'jitter_buffer_delay 5-10',
    'statmode_default off',
    'rtp_stats yes',
    `module_path ${modules}`,
    ...['g711', 'ausine', 'aufile'].map((name) => `module ${name}.so`),
  ];
  if (parts.signalling) lines.push(`sip_cafile ${parts.signalling.ca}`, 'sip_verify_server yes');
  if (parts.security) lines.push('rtcp_mux yes', `module ${parts.security === 'dtls_srtp' ? 'dtls_srtp' : 'srtp'}.so`);
  if (parts.keepsSound) lines.push(`snd_path ${dir}`, 'module sndfile.so');
  if (parts.video !== false) lines.push(...videoLines(parts));
  lines.push('module_tmp uuid.so', 'module_tmp account.so');
  lines.push('module_app menu.so', 'module_app debug_cmd.so', 'module_app ctrl_tcp.so');
  lines.push(`ctrl_tcp_listen 127.0.0.1:${control}`);

  return `${lines.join('\n')}\n`;
}

const codecModules = { vp8: 'vp8', h264: 'avcodec' } as const;

function videoLines({ videoCodecs = ['vp8', 'h264'], film }: ConfigParts): string[] {
  const source = film === undefined ? 'fakevideo,nil' : `avformat,${film}`;
  const modules = [...videoCodecs.map((codec) => codecModules[codec]), 'fakevideo', 'snapshot'];
  if (film !== undefined) modules.push('avformat');

  return [
    `video_source ${source}`,
    'video_display fakevideo,nil',
    'video_size 320x240',
    'video_fps 10',
    'video_bitrate 200000',
    'videnc_format yuv420p',
    ...modules.map((name) => `module ${name}.so`),
  ];
}

async function findModules(): Promise<string> {
  for (const folder of moduleFolders) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes('ctrl_tcp.so')) return folder;
  }
  throw new Error('baresip is not installed: apt-get install baresip-core baresip-ffmpeg');
}
