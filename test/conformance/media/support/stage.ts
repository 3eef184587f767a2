import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Closer } from '../../../../src/lib/closer';
import { SightlineError, type ErrorCode } from '../../../../src/lib/errors';
import type { Bridge, Endpoint, EndpointOptions, MediaServer } from '../../../../src/media/port';
import { RtpPeer, toneFile, type PeerOptions } from '../../../support/rtp-peer';

/** What one engine cannot do, or is not asked to; everything else is the same for all. */
export interface EngineTraits {
  /** It binds the ports itself: it counts them, and lets in nobody but the peer whom it has heard first. */
  ownPorts: boolean;
  /** Codecs whose packets it passes on without making them. */
  passes: readonly ('opus' | 'g722')[];
  /** It ends its streams without a BYE by RTCP, which RFC 3550 section 6.6 leaves open. */
  endsSilently?: true;
}

/** A running engine that the stories are told to. */
export interface EngineUnderTest {
  server: MediaServer;
  traits: EngineTraits;
  /** Takes the engine away from under the server, as a crash does. It has to come back by itself, or by `bringBack`. */
  lose?(): Promise<void>;
  bringBack?(): Promise<void>;
  close(): Promise<void>;
}

export interface Side {
  peer: RtpPeer;
  endpoint: Endpoint;
}

/** What a story finds in place. What it opened is closed after it. */
export interface Stage {
  readonly server: MediaServer;
  readonly engine: EngineUnderTest;
  /** A folder for files; the same for all stories. */
  readonly folder: string;
  peer(options?: PeerOptions): Promise<RtpPeer>;
  endpoint(options?: Partial<EndpointOptions>): Promise<Endpoint>;
  /** A peer that calls: its offer is answered by an endpoint. */
  calls(peer?: PeerOptions, endpoint?: Partial<EndpointOptions>): Promise<Side>;
  /** A peer that is called: it answers the offer of an endpoint. */
  called(peer?: PeerOptions, endpoint?: Partial<EndpointOptions>): Promise<Side>;
  /** A peer that calls and one that is called beside it, bridged. */
  bridged(caller?: PeerOptions, callee?: PeerOptions): Promise<{ a: Side; b: Side; bridge: Bridge }>;
  /** A WAV file of a tone, made once. */
  sound(frequency: number, seconds: number): Promise<string>;
}

let labels = 0;

export class StageManager implements Stage {
  folder = '';
  private opened = new Closer();
  private readonly sounds = new Map<string, Promise<string>>();

  constructor(private readonly find: () => EngineUnderTest) {}

  get engine(): EngineUnderTest {
    return this.find();
  }

  get server(): MediaServer {
    return this.engine.server;
  }

  async open(): Promise<void> {
    this.folder = await mkdtemp(path.join(os.tmpdir(), 'media-stories-'));
  }

  async peer(options: PeerOptions = {}): Promise<RtpPeer> {
    const peer = await RtpPeer.open(options);
    this.opened.add('peer', () => peer.close());

    return peer;
  }

  async endpoint(options: Partial<EndpointOptions> = {}): Promise<Endpoint> {
    const endpoint = await this.server.createEndpoint({ label: `story-${++labels}`, ...options });
    this.opened.add('endpoint', () => endpoint.close());

    return endpoint;
  }

  async calls(peerOptions: PeerOptions = {}, options: Partial<EndpointOptions> = {}): Promise<Side> {
    const peer = await this.peer(peerOptions);
    const endpoint = await this.endpoint({ ...options, offer: peer.offer() });
    peer.accept(endpoint.localDescription);

    return { peer, endpoint };
  }

  async called(peerOptions: PeerOptions = {}, options: Partial<EndpointOptions> = {}): Promise<Side> {
    const peer = await this.peer(peerOptions);
    const endpoint = await this.endpoint(options);
    await endpoint.accept(peer.answer(endpoint.localDescription));

    return { peer, endpoint };
  }

  async bridged(caller: PeerOptions = {}, callee: PeerOptions = {}): Promise<{ a: Side; b: Side; bridge: Bridge }> {
    const a = await this.calls(caller);
    const b = await this.called(callee, { beside: a.endpoint });
    const bridge = await this.server.bridge(a.endpoint, b.endpoint);

    return { a, b, bridge };
  }

  sound(frequency: number, seconds: number): Promise<string> {
    const file = path.join(this.folder, `${frequency}-${seconds}.wav`);
    const made = this.sounds.get(file) ?? toneFile(file, frequency, seconds);
    this.sounds.set(file, made);

    return made;
  }

  /** After each story. */
  async clear(): Promise<void> {
    const { opened } = this;
    this.opened = new Closer();
    await opened.close();
  }

  async close(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Expects a refusal with one of these codes. */
export async function expectCode(promise: Promise<unknown>, ...codes: ErrorCode[]): Promise<void> {
  const error: unknown = await promise.then(
    () => new Error('it was not refused'),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof SightlineError)) throw error;
  expect(codes).toContain(error.code);
}

/** Collects what an event brings. */
export function collected<A extends unknown[]>(listen: (listener: (...args: A) => void) => unknown): A[] {
  const all: A[] = [];
  listen((...args) => all.push(args));

  return all;
}
