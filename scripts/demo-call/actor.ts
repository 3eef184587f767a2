import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { Closer } from '../../src/lib/closer';
import { Phone, RtpPresence, Wire, type Address, type Call, type MediaKind, type PhoneOptions } from '../phone';
import { Reporter, type Who } from './events';

/** Enough packets to say that a stream flows. */
const enoughPackets = 20;

/** The phone of one demo process, with its socket, media ports and report. */
export interface Actor {
  phone: Phone;
  media: RtpPresence;
  report: Reporter;
}

export interface ActorArguments {
  server: Address;
  domain: string;
  user: string;
  password: string;
}

/** Reads the arguments that both processes have. @throws Error that names what is missing. */
export function readArguments<K extends string>(own: Record<K, string>): ActorArguments & Record<K, string> {
  const names = { server: '127.0.0.1:5060', domain: 'sightline.test', user: '', password: '', ...own };
  const options = Object.fromEntries(
    Object.entries<string>(names).map(([name, fallback]) => [name, { type: 'string' as const, default: fallback }]),
  );
  const values = parseArgs({ options }).values as Record<string, string>;
  const [host, port] = (values.server ?? '').split(':');
  if (!host || !Number(port)) throw new Error(`--server ${values.server}: write it as host:port`);
  for (const needed of ['user', 'password']) if (!values[needed]) throw new Error(`--${needed} is missing`);

  return { ...(values as ActorArguments & Record<K, string>), server: { host, port: Number(port) } };
}

/**
 * Opens a phone, lets `act` play its part and closes everything. A failure is reported and makes the exit code 1.
 */
export async function play(
  who: Who,
  options: Omit<PhoneOptions, 'media'>,
  act: (actor: Actor) => Promise<void>,
): Promise<void> {
  const report = new Reporter(who);
  const opened = new Closer();
  try {
    const wire = await Wire.open();
    opened.add('wire', () => wire.close());
    wire.on('step', (step) => report.sip(step));
    const media = await RtpPresence.open();
    opened.add('media', () => media.close());
    const phone = new Phone(wire, { ...options, media: media.ports });
    opened.add('phone', () => phone.close());
    await act({ phone, media, report });
  } catch (error) {
    report.say({ kind: 'failed', why: error instanceof Error ? error.message : String(error) });
    process.exitCode = 1;
  } finally {
    await opened.close();
    process.stdin.destroy();
  }
}

/** @throws Error that tells why the server refused. */
export async function register(phone: Phone): Promise<void> {
  const response = await phone.register(300);
  if (response.status !== 200) {
    throw new Error(`REGISTER was refused: ${response.status} ${response.reason} ${response.header('warning') ?? ''}`);
  }
}

/** Resolves when enough RTP of both kinds came in. @throws Error with the counts when it does not, or the call ends. */
export async function untilMediaFlows(call: Call, media: RtpPresence, timeout = 8000): Promise<void> {
  const kinds: MediaKind[] = ['audio', 'video'];
  let timer: NodeJS.Timeout | undefined;
  const until = Date.now() + timeout;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setInterval(() => {
        if (kinds.every((kind) => media.counts[kind].received >= enoughPackets)) resolve();
        else if (call.state === 'ended') reject(new Error(`the call ended before media flowed; ${inWords(media)}`));
        else if (Date.now() > until) reject(new Error(`no media within ${timeout} ms; ${inWords(media)}`));
      }, 20);
    });
  } finally {
    clearInterval(timer);
  }
}

function inWords(media: RtpPresence): string {
  const { audio, video } = media.counts;

  return `received ${audio.received} audio and ${video.received} video packets`;
}

export function reportMedia(report: Reporter, media: RtpPresence): void {
  for (const kind of ['audio', 'video'] as const) {
    const { sent, received } = media.counts[kind];
    report.say({ kind: 'rtp', media: kind, sent, received });
  }
}

/** Resolves when the driver writes this word, or goes away. */
export function untilTold(word: string): Promise<void> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: process.stdin });
    lines.on('line', (line) => {
      if (line.trim() === word) lines.close();
    });
    lines.once('close', resolve);
  });
}
