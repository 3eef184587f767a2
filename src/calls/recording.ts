import type { About, Asker, RecordingRecord, Side, SnapshotRecord } from '../recording/model';
import type { OpenRecording, RecordingEnd } from '../recording/open-recording';
import type { RecordingStore } from '../recording/store';
import type { RecordingPolicy } from '../dialplan/model';
import { asSightlineError, SightlineError, type ErrorCode } from '../lib/errors';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { Endpoint, Recording } from '../media/port';
import { anchor, release } from './anchor';
import type { Call, CallRecorder } from './call';
import { engineOf } from './endpoints';
import { askBothForPictures } from './fast-update';
import { named, recordedSides, rulesOf } from './recorded';
import { KeyReader } from './recording-keys';

export type RecordingAction = 'start' | 'stop' | 'mask' | 'unmask';

/** Why the media of a talk go through the server on our behalf. */
const anchors = { recording: 'recorded', snapshot: 'snapshot' } as const;
/** How often a recording is begun again that has to be and was lost with its engine, or found none; how long between two tries, in ms. */
const againTries = 5;
const againMs = 1000;
/** What the engine says while it is being started again. */
const passing: readonly ErrorCode[] = ['MEDIA_UNAVAILABLE', 'MEDIA_GONE'];

function isPassing(error: unknown): boolean {
  return passing.includes(asSightlineError(error).code);
}

const server: Asker = { kind: 'server' };

export interface RecorderPorts {
  store: RecordingStore;
  /** A call under way on this node. */
  call(id: string): Call | undefined;
  clock: Clock;
  log: Logger;
}

/** A recording under way: what the engine writes, and what is known of it. */
interface Running {
  open: OpenRecording;
  media: Recording;
}

/** What is kept for a call while it lives. */
interface Track {
  keys: KeyReader;
  running?: Running;
  /** Commands are carried out one after the other. */
  commands: Promise<unknown>;
  snapshots: Promise<unknown>;
  triesLeft: number;
}

/** Records talks: by the policy of their queue, by REST, and by the keys of the agent. */
export class Recorder implements CallRecorder {
  private readonly tracks = new Map<string, Track>();
  /** What is still being written down. */
  private readonly pending = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  constructor(private readonly ports: RecorderPorts) {}

  joined(call: Call): void {
    if (rulesOf(call).policy !== 'always' || this.tracks.get(call.id)?.running) return;
    this.begin(call, { kind: 'policy' }, undefined).catch((error: unknown) => {
      this.failed(call, error);
      const track = this.tracks.get(call.id);
      if (track && isPassing(error)) this.beginAgain(call, track, 'after it could not begin with the talk');
    });
  }

  /** The engine still has the endpoints at this moment: what was recorded is finished with them. */
  ended(call: Call): void {
    const { by, cause } = call.record.end ?? { by: 'server', cause: 'ended' };
    this.forget(call, `the call has ended, by ${by}: ${cause}`);
  }

  /** As `ended`; a talk with another seat is recorded anew. */
  parted(call: Call): void {
    this.forget(call, 'the seat was needed for an alarm');
  }

  private forget(call: Call, why: string): void {
    const track = this.tracks.get(call.id);
    this.tracks.delete(call.id);
    if (track?.running) this.keep(this.finish(call, track.running, { by: server, why }));
  }

  seatDigit(call: Call, digit: string): void {
    const { policy } = rulesOf(call);
    if (policy === 'never' || call.ended) return;
    const key = this.trackOf(call).keys.read(digit);
    const by: Asker = { kind: 'agent', ...(call.record.seat ? { who: call.record.seat.id } : {}) };
    if (key === 'snapshot') this.attempt(call, () => this.takeSnapshot(call, 'terminal', by, undefined));
    else if (key) this.attempt(call, () => this.byKey(call, key, policy, by));
  }

  /**
   * Carries out what another system asks for.
   * @throws CALL_GONE, WRONG_STATE, RECORDING_FORBIDDEN, STORAGE_FULL, MEDIA_UNAVAILABLE, MEDIA_MISMATCH
   */
  async command(id: string, action: RecordingAction, by: Asker, why?: string): Promise<RecordingRecord> {
    const call = this.find(id);
    // Two who hear each other already talk, whoever asks; the call says so a moment later.
    await call.joinOver();
    switch (action) {
      case 'start':
        return this.begin(call, by, why);
      case 'stop':
        return this.stop(call, by, why);
      default:
        return this.mask(call, action === 'mask', by, why);
    }
  }

  /** @throws as `command`; MEDIA_GONE when the side sends no picture */
  async snapshot(id: string, side: Side, by: Asker, why?: string): Promise<SnapshotRecord> {
    return this.takeSnapshot(this.find(id), side, by, why);
  }

  /** Ends what is being recorded, and waits until it is written down. */
  close(): Promise<void> {
    this.closing ??= this.closeOnce();

    return this.closing;
  }

  private async closeOnce(): Promise<void> {
    for (const [id, { running }] of [...this.tracks]) {
      const call = this.ports.call(id);
      if (running && call) this.keep(this.finish(call, running, { by: server, why: 'the server stops' }));
    }
    this.tracks.clear();
    await Promise.allSettled(this.pending);
  }

  private find(id: string): Call {
    const call = this.ports.call(id);
    if (!call || call.ended) throw new SightlineError('CALL_GONE', 'The call is not under way on this node');

    return call;
  }

  private trackOf(call: Call): Track {
    const known = this.tracks.get(call.id);
    if (known) return known;
    const idle = Promise.resolve();
    const keys = new KeyReader(this.ports.clock);
    const track: Track = { keys, commands: idle, snapshots: idle, triesLeft: againTries };
    this.tracks.set(call.id, track);

    return track;
  }

  /** After the commands before it, whatever became of them. */
  private inTurn<T>(call: Call, lane: 'commands' | 'snapshots', carryOut: (track: Track) => Promise<T>): Promise<T> {
    if (this.closing) return Promise.reject(new SightlineError('SHUTTING_DOWN'));
    const track = this.trackOf(call);
    const turn = track[lane].then(() => carryOut(track));
    track[lane] = turn.catch(() => undefined);
    this.keep(turn);

    return turn;
  }

  private keep(work: Promise<unknown>): void {
    const settled = work.catch(() => undefined).finally(() => this.pending.delete(settled));
    this.pending.add(settled);
  }

  /** Nobody waits for the outcome: what fails is in the history of the call, which goes on. */
  private attempt(call: Call, carryOut: () => Promise<unknown>): void {
    carryOut().catch((error: unknown) => this.failed(call, error));
  }

  private failed(call: Call, error: unknown): void {
    const { code, message } = asSightlineError(error);
    const level = code === 'INTERNAL' ? 'error' : 'warn';
    this.ports.log[level]({ err: error, call: call.id }, 'a call is not recorded');
    if (!call.ended) call.note('recording-failed', `${code}: ${message}`);
  }

  private async byKey(call: Call, key: 'record' | 'mask', policy: RecordingPolicy, by: Asker): Promise<unknown> {
    const running = this.tracks.get(call.id)?.running;
    if (key === 'mask') return this.mask(call, !running?.open.masked, by, undefined);
    if (!running) return this.begin(call, by, undefined);
    if (policy === 'always')
      throw new SightlineError('WRONG_STATE', 'Every call of this queue is recorded; it can be masked');

    return this.stop(call, by, undefined);
  }

  private begin(call: Call, by: Asker, why: string | undefined): Promise<RecordingRecord> {
    return this.inTurn(call, 'commands', async (track) => {
      this.check(call);
      if (track.running) throw new SightlineError('WRONG_STATE', 'It is being recorded already');
      await anchor(call, anchors.recording);
      try {
        return await this.open(call, track, by, why);
      } catch (error) {
        await this.release(call, anchors.recording);
        throw error;
      }
    });
  }

  private async open(call: Call, track: Track, by: Asker, why: string | undefined): Promise<RecordingRecord> {
    const endpoints = recordedSides.map((side) => this.endpoint(call, side));
    const open = await this.ports.store.begin(this.about(call, by, why));
    try {
      const media = await engineOf(call).record(endpoints, { base: open.base });
      const running = { open, media };
      // From here on, the end of the call finishes it; one that has ended before does not.
      track.running = running;
      media.events.on('failed', (reason) => this.broken(call, track, running, reason));
      if (call.ended) {
        await this.finish(call, running, { by: server, why: 'the call has ended' });
        throw new SightlineError('CALL_GONE');
      }
      call.note('recording-started', open.id);
      askBothForPictures(call);

      return structuredClone(open.record);
    } catch (error) {
      await open.finish(undefined, { by: server, failure: asSightlineError(error).message });
      throw error;
    }
  }

  private stop(call: Call, by: Asker, why: string | undefined): Promise<RecordingRecord> {
    return this.inTurn(call, 'commands', async (track) => {
      const running = this.runningOf(call, track);
      track.running = undefined;
      const record = await this.finish(call, running, { by, ...(why === undefined ? {} : { why }) });
      await this.release(call, anchors.recording);
      // Two who send to each other again have been asked already.
      if (call.endpoints.terminal) askBothForPictures(call);

      return record;
    });
  }

  private mask(call: Call, on: boolean, by: Asker, why: string | undefined): Promise<RecordingRecord> {
    return this.inTurn(call, 'commands', async (track) => {
      const { open, media } = this.runningOf(call, track);
      if (open.masked === on) throw new SightlineError('WRONG_STATE', on ? 'It is masked already' : 'It is not masked');
      await media.mask(on);
      await open.mask(on, by, why);
      call.note(on ? 'recording-masked' : 'recording-unmasked', open.id);
      askBothForPictures(call);

      return structuredClone(open.record);
    });
  }

  private takeSnapshot(call: Call, side: Side, by: Asker, why: string | undefined): Promise<SnapshotRecord> {
    return this.inTurn(call, 'snapshots', async () => {
      this.check(call);
      await anchor(call, anchors.snapshot);
      try {
        const png = await this.endpoint(call, side).snapshot();
        const record = await this.ports.store.saveSnapshot(this.about(call, by, why), side, png);
        call.note('snapshot', `${record.id} of the ${side}`);

        return record;
      } finally {
        await this.release(call, anchors.snapshot);
      }
    });
  }

  /** @throws RECORDING_FORBIDDEN, WRONG_STATE */
  private check(call: Call): void {
    if (rulesOf(call).policy === 'never') throw new SightlineError('RECORDING_FORBIDDEN');
    if (call.state !== 'talking') throw new SightlineError('WRONG_STATE', 'Nobody is talking yet, or any more');
  }

  private runningOf(call: Call, track: Track): Running {
    if (!track.running) {
      this.check(call);
      throw new SightlineError('WRONG_STATE', 'It is not being recorded');
    }

    return track.running;
  }

  private endpoint(call: Call, side: Side): Endpoint {
    const endpoint = call.endpoints[side];
    if (!endpoint) throw new SightlineError('MEDIA_GONE');

    return endpoint;
  }

  private about(call: Call, by: Asker, why: string | undefined): About {
    const { record, plan } = call;
    const { retention } = rulesOf(call);

    return {
      ...{ call: call.id, terminal: record.caller.user, by, retention },
      ...{ queue: record.queue ?? plan.flows.get(record.flow)?.queue ?? '' },
      ...(record.seat ? { seat: record.seat.id } : {}),
      ...(why === undefined ? {} : { why }),
    };
  }

  /** The engine writes no more: what there is is kept, and begun anew where every talk has to be recorded. */
  private broken(call: Call, track: Track, running: Running, reason: string): void {
    if (call.ended || track.running !== running) return;
    track.running = undefined;
    this.ports.log.error({ call: call.id, recording: running.open.id, reason }, 'a recording has broken off');
    call.note('recording-failed', reason);
    const finished = this.finish(call, running, { by: server, failure: reason });
    const released = finished.then(() => this.release(call, anchors.recording));
    this.keep(released.then(() => this.beginAgain(call, track, 'after the one before had broken off')));
  }

  private beginAgain(call: Call, track: Track, why: string): void {
    const due = (): boolean => !this.closing && call.state === 'talking' && rulesOf(call).policy === 'always';
    if (!due() || track.triesLeft-- <= 0) return;
    this.ports.clock.after(againMs, () => {
      if (!due() || track.running) return;
      this.begin(call, { kind: 'policy' }, why).catch((error: unknown) => {
        // That there still is no engine costs no try, and is told already.
        if (isPassing(error)) track.triesLeft++;
        else this.failed(call, error);
        this.beginAgain(call, track, why);
      });
    });
  }

  /** An engine that is gone cannot say what it has written: that is read from its files. */
  private async finish(call: Call, { open, media }: Running, end: RecordingEnd): Promise<RecordingRecord> {
    let failure = end.failure;
    const parts = await media.stop().catch((error: unknown) => {
      this.ports.log.error({ err: error, call: call.id, recording: open.id }, 'a recording could not be ended well');
      failure ??= asSightlineError(error).message;

      return undefined;
    });
    const written = parts?.map((part) => named(part));
    const record = await open.finish(written, { ...end, ...(failure === undefined ? {} : { failure }) });
    if (!call.ended) call.note('recording-ended', open.id);

    return record;
  }

  private async release(call: Call, why: string): Promise<void> {
    if (call.ended) return;
    await release(call, why).catch((error: unknown) => {
      this.ports.log.warn({ err: error, call: call.id }, 'the media of a call could not go direct again');
    });
  }
}
