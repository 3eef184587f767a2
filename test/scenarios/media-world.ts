import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Phone, Wire, type Call, type InviteOptions } from '../../scripts/phone';
import { startApp, type App } from '../../src/app';
import { readConfig } from '../../src/lib/config';
import { createLogger } from '../../src/lib/logger';
import { openMedia } from '../../src/media/open';
import type { EmbeddedServer } from '../../src/media/embedded/server';
import { RtpPeer, untilEvent, type PeerOptions } from '../support/rtp-peer';
import { eventually } from './world';

const token = 'a-token-for-this-run';

/** For what only the engine in this process can be made to do. With FREESWITCH_URL, the stories are those of that FreeSWITCH. */
export const embeddedOnly = process.env.FREESWITCH_URL ? test.skip : test;

/** A phone whose media are real: what it describes is where it listens. */
export interface TalkingPhone {
  phone: Phone;
  peer: RtpPeer;
}

/** What REST says of a call under way, as far as stories of media look at it. */
export interface LiveCall {
  id: string;
  state: string;
  face: string;
  media: { mode: string; why?: string[] };
  history: { event: string }[];
}

/**
 * A server in this process, whose media engine can be taken away, and phones that hear and see. Closed in one go.
 */
export class MediaWorld {
  private readonly wires: Wire[] = [];
  private readonly phones: Phone[] = [];
  private readonly peers: RtpPeer[] = [];

  private constructor(
    private app: App,
    readonly media: EmbeddedServer,
    private readonly dataDir: string,
  ) {}

  static async open(env: Record<string, string> = {}): Promise<MediaWorld> {
    const dataDir = await mkdtemp(path.join(os.tmpdir(), 'sightline-media-'));
    let media: EmbeddedServer | undefined;
    const config = readConfig({
      SIGHTLINE_HOST: '127.0.0.1',
      SIGHTLINE_SIP_PORT: '0',
      SIGHTLINE_WS_PORT: '0',
      SIGHTLINE_HTTP_PORT: '0',
      SIGHTLINE_CONTROL_PORT: '0',
      SIGHTLINE_DATA: dataDir,
      SIGHTLINE_API_TOKEN: token,
      FREESWITCH_URL: process.env.FREESWITCH_URL,
      ...env,
    });
    const app = await startApp(config, createLogger('fatal'), {
      openMedia: async (options) => (media = (await openMedia(options)) as EmbeddedServer),
    });
    if (!media) throw new Error('no media engine was opened');

    return new MediaWorld(app, media, dataDir);
  }

  async terminal(user: string, options: PeerOptions & { headers?: string[] } = {}): Promise<TalkingPhone> {
    return this.phone(user, 'demo-terminal', options);
  }

  /** A seat of the demo site, registered and so available. */
  async seat(user: string, options: PeerOptions = {}): Promise<TalkingPhone> {
    const seat = await this.phone(user, 'demo-seat', options);
    const answer = await seat.phone.register();
    if (answer.status !== 200) throw new Error(`the seat ${user} was not registered: ${answer.status}`);

    return seat;
  }

  private async phone(user: string, password: string, options: PeerOptions & { headers?: string[] }) {
    const wire = await Wire.open();
    this.wires.push(wire);
    const { headers = [], ...media } = options;
    const phone = new Phone(wire, { user, password, domain: 'sightline.test', server: this.app.sip, headers });
    this.phones.push(phone);
    const peer = await RtpPeer.open(media);
    this.peers.push(peer);

    return { phone, peer };
  }

  async get<T>(path: string): Promise<T> {
    return (await this.ask('GET', path)).body as T;
  }

  /** The one call under way. */
  async onlyCall(): Promise<LiveCall> {
    const { calls } = await this.get<{ calls: LiveCall[] }>('/v1/calls');
    expect(calls).toHaveLength(1);

    return calls[0]!;
  }

  /** The one call, once it is written down as a talk: phones may hear each other a moment before. */
  async onlyTalk(): Promise<LiveCall> {
    return eventually(
      () => this.onlyCall(),
      ({ state }) => state === 'talking',
    );
  }

  async post(path: string, body: object): Promise<{ status: number; body: unknown }> {
    return this.ask('POST', path, body);
  }

  /** An answer that is no JSON. */
  async fetch(path: string): Promise<Response> {
    const { host, port } = this.app.http;

    return fetch(`http://${host}:${port}${path}`, { headers: { authorization: `Bearer ${token}` } });
  }

  private async ask(method: string, path: string, body?: object): Promise<{ status: number; body: unknown }> {
    const { host, port } = this.app.http;
    const response = await fetch(`http://${host}:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });

    return { status: response.status, body: await response.json() };
  }

  async close(): Promise<void> {
    const calls = this.phones.flatMap((phone) => [...phone.calls]);
    for (const call of calls) call.hangup();
    await Promise.allSettled(calls.map((call) => call.byeResponse ?? call.untilEnded(1000)));
    for (const peer of this.peers) await peer.close();
    for (const wire of this.wires) await wire.close();
    await this.app.close();
    await rm(this.dataDir, { recursive: true, force: true });
  }
}

/** Dials, and follows with real media whatever is agreed on the call. */
export function dial(
  { phone, peer }: TalkingPhone,
  number: string,
  { knowsFeedback = true, ...options }: InviteOptions & { knowsFeedback?: boolean } = {},
): Call {
  const said = (sdp: string): string => (knowsFeedback ? sdp : sdp.replace(/a=rtcp-fb:.*\r\n/g, ''));
  const call = phone.invite(number, { ...options, sdp: said(peer.offer()) });
  call.onOffer = (offer) => said(peer.answer(offer));
  call.on('answered', (response) => peer.accept(response.body));

  return call;
}

/** The next call at a seat, which is answered with real media. */
export async function takeNext({ phone, peer }: TalkingPhone): Promise<Call> {
  const [call] = await phone.next('incoming');
  call.onOffer = (offer) => peer.answer(offer);
  const offer = call.request?.body ?? '';
  // Who is called without an offer makes one; the ACK has the answer to it.
  call.answer({ sdp: offer === '' ? peer.offer() : peer.answer(offer) });
  await call.untilEstablished();
  if (offer === '') peer.accept(call.remoteSdp);

  return call;
}

/** A new offer of a phone with real media. */
export async function offerAnew(call: Call, peer: RtpPeer): Promise<number> {
  const response = await call.reinvite({ sdp: peer.offer() });
  if (response.status < 300) peer.accept(response.body);

  return response.status;
}

/** Resolves when pictures come that came not before: so many frames after what was received until now. */
export async function untilShown({ video }: RtpPeer, frames = 2): Promise<void> {
  const from = video.count;
  await untilEvent(
    (check) => video.on('frame', check),
    () => video.count >= from + frames,
    'a picture',
    () => `${video.count - from} frames`,
  );
}

/** Resolves when something is said, whatever it is: so many pieces of 20 ms that are not silent, from now on. */
export async function untilSpokenTo({ audio }: RtpPeer, wanted = 10): Promise<void> {
  let loud = 0;
  const off = audio.on('sound', ({ samples }) => {
    if (samples.some((sample) => Math.abs(sample) > 1000)) loud++;
  });
  try {
    await untilEvent(
      (check) => audio.on('sound', check),
      () => loud >= wanted,
      'a prompt',
      () => `${loud} pieces that are not silent`,
    );
  } finally {
    off();
  }
}
