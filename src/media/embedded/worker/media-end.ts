import { randomBytes } from 'node:crypto';
import { SightlineError } from '../../../lib/errors';
import type { Digit, EndpointStats, MediaKind, MediaSecurity } from '../../port';
import { parseSdp } from '../../sdp/document';
import { bumped, newOrigin, type Origin } from '../../sdp/origin';
import {
  describe,
  isG711,
  planAnswer,
  planOffer,
  readAnswer,
  type Beside,
  type OfferPlan,
  type Slot,
  type UsedType,
} from '../negotiate';
import type { AgreedStream, CodecName, LocalEnd } from '../negotiate';
import type { Described } from '../protocol';
import type { EndContext } from './context';
import type { MediaWire } from './media-wire';
import { Programme } from './programme';
import { VIDEO_PAYLOAD } from './players';
import { MediaStream } from './stream';
import { WireSet } from './wire-set';

export interface EndListener {
  dtmf(digit: Digit): void;
  media(kind: MediaKind): void;
  ended(reason: string): void;
  /** Streams came, went, or changed their codec. */
  changed(): void;
}

const PROTOCOLS: Readonly<Record<MediaSecurity, string>> = {
  none: 'RTP/AVP',
  sdes: 'RTP/SAVP',
  dtls: 'UDP/TLS/RTP/SAVPF',
};

/** An endpoint as the worker has it: negotiation, wires and streams. */
export class MediaEnd {
  readonly streams = new Map<MediaKind, MediaStream>();
  readonly programme: Programme;
  private readonly name = randomBytes(12).toString('base64url');
  private readonly wires: WireSet;
  private origin: Origin;
  private slots: readonly Slot[] = [];
  private pending: OfferPlan | undefined;
  private description = '';
  private readonly used: Partial<Record<MediaKind, UsedType[]>> = {};
  private readonly mutedFrom: Partial<Record<MediaKind, boolean>> = {};
  private readonly mutedTo: Partial<Record<MediaKind, boolean>> = {};
  private faults = 0;
  private closing: Promise<void> | undefined;

  constructor(
    readonly label: string,
    private readonly context: EndContext,
    private readonly security: MediaSecurity,
    private readonly listener: EndListener,
  ) {
    this.origin = newOrigin(context.ports.address);
    this.programme = new Programme(this.streams, context.pacer);
    this.wires = new WireSet(context, (reason) => listener.ended(reason));
  }

  /** Answers an offer of the peer. @throws SightlineError MEDIA_MISMATCH; what was agreed before goes on. */
  async answer(text: string, beside: Beside | undefined): Promise<Described> {
    const plan = planAnswer(parseSdp(text), beside);
    const wires = await this.wires.forOffer(plan.streams);
    this.checkOpen();
    this.pending = undefined;
    this.slots = plan.slots;
    await this.agree(plan.streams, wires);

    return this.describe('answer');
  }

  /** Makes an offer. What was agreed goes on until `accept`. */
  async offer(kinds: readonly MediaKind[] | undefined, beside: MediaEnd | undefined): Promise<Described> {
    const plan = planOffer({
      slots: this.slots,
      kinds: kinds ?? this.usualKinds(),
      beside: beside?.passable(),
      bandwidth: beside?.bandwidth(),
      used: this.used,
      protocol: PROTOCOLS[this.security],
    });
    await this.wires.forOurOffer(plan.sections, this.security);
    this.checkOpen();
    this.pending = plan;
    this.slots = plan.slots;
    for (const { kind, codecs, events } of plan.sections) this.remember(kind, codecs, events);

    return this.describe('offer');
  }

  /** Takes in the answer to our last offer. */
  async accept(text: string): Promise<Described> {
    const plan = this.pending;
    if (!plan) throw new SightlineError('WRONG_STATE', 'There is no offer that waits for an answer');
    const streams = readAnswer(plan, parseSdp(text));
    const wires = await this.wires.forAnswer(streams);
    this.checkOpen();
    this.pending = undefined;
    await this.agree(streams, wires);

    return this.described();
  }

  /** What another endpoint may agree on so that packets can be passed to this one. */
  passable(): Beside {
    const agreed = [...this.streams.values()].map(({ kind, agreed }) => [kind, [agreed.codec]] as const);
    if (agreed.length > 0) return Object.fromEntries(agreed);

    return Object.fromEntries(this.pending?.sections.map(({ kind, codecs }) => [kind, codecs]) ?? []);
  }

  bandwidth(): Partial<Record<MediaKind, readonly string[]>> {
    return Object.fromEntries([...this.streams.values()].map(({ kind, agreed }) => [kind, agreed.bandwidth]));
  }

  mute(kind: MediaKind, direction: 'from' | 'to', on: boolean): void {
    const stream = this.streams.get(kind);
    if (direction === 'from') this.mutedFrom[kind] = on;
    else this.mutedTo[kind] = on;
    if (stream) this.applyMutes(stream);
  }

  private applyMutes(stream: MediaStream): void {
    stream.muteFrom(this.mutedFrom[stream.kind] ?? false);
    stream.muteTo(this.mutedTo[stream.kind] ?? false);
  }

  refresh(): void {
    this.streams.get('video')?.askKey();
  }

  tick(now: number): void {
    for (const stream of this.streams.values()) stream.tick(now);
  }

  stats(): EndpointStats {
    const [audio, video] = [this.streams.get('audio'), this.streams.get('video')];
    const roundTrip = audio?.reports.heard.roundTrip ?? video?.reports.heard.roundTrip;

    return {
      ...(roundTrip === undefined ? {} : { roundTrip }),
      ...(audio && { audio: audio.stats() }),
      ...(video && { video: video.stats() }),
    };
  }

  described(): Described {
    const [audio, video] = [this.streams.get('audio')?.agreed, this.streams.get('video')?.agreed];
    const used = [audio, video].filter((one) => one !== undefined).filter(({ send, receive }) => send || receive);

    return {
      description: this.description,
      codecs: Object.fromEntries(used.map(({ kind, codec }) => [kind, codec.name])),
      ...(video && (video.codec.name === 'vp8' || video.codec.name === 'h264')
        ? {
            video: {
              codec: video.codec.name,
              ...video.picture,
              ...(video.codec.mode === 0 && { slice: VIDEO_PAYLOAD }),
            },
          }
        : {}),
      ...(audio && { audio: producible(audio.codec.name) }),
    };
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();

    return this.closing;
  }

  private async closeAll(): Promise<void> {
    this.programme.close();
    this.tellRefused();
    const closed = await Promise.allSettled([...this.streams.values()].map((stream) => stream.close()));
    this.streams.clear();
    await this.wires.close();
    for (const { reason } of closed.filter((one) => one.status === 'rejected')) {
      this.context.log.warn({ call: this.label, err: reason as unknown }, 'a stream did not end well');
    }
  }

  /** Packets that others sent to our ports: a sign of an attack, or of a phone that describes itself wrongly. */
  private tellRefused(): void {
    const refused = [...this.streams.values()].reduce((sum, { wire }) => sum + wire.refused, 0);
    if (refused > 0)
      this.context.log.info({ call: this.label, refused }, 'packets of others than the peer were refused');
  }

  private usualKinds(): MediaKind[] {
    const live = this.slots.filter(({ body }) => body).map(({ kind }) => kind as MediaKind);

    return live.length > 0 ? live : ['audio', 'video'];
  }

  private async agree(agreed: readonly AgreedStream[], wires: ReadonlyMap<MediaKind, MediaWire>): Promise<void> {
    const gone = [...this.streams].filter(([kind, { wire }]) => wires.get(kind) !== wire);
    for (const [kind, stream] of gone) {
      this.programme.stopOn(kind);
      this.streams.delete(kind);
      await stream.close();
    }
    for (const one of agreed) this.agreeOn(one, wires.get(one.kind)!);
    this.checkOpen();
    this.listener.changed();
  }

  private agreeOn(agreed: AgreedStream, wire: MediaWire): void {
    const { kind, codec } = agreed;
    const { listener } = this;
    this.remember(kind, agreed.accepts, agreed.events ? [agreed.events] : []);
    const known = this.streams.get(kind);
    if (known) {
      if (!isSameFeed(known.agreed.codec.name, codec.name)) this.programme.stopOn(kind);
      known.adopt(agreed);

      return;
    }
    const stream = new MediaStream(wire, agreed, {
      name: this.name,
      onMedia: () => listener.media(kind),
      onKey: (press) => listener.dtmf(press),
      onFault: (error) => this.onFault(error),
    });
    this.streams.set(kind, stream);
    this.applyMutes(stream);
  }

  private onFault(error: unknown): void {
    if (this.faults++ > 0) return;
    this.context.log.error(
      { err: error, call: this.label },
      'a packet could not be handled; more of these are not told',
    );
  }

  private remember(
    kind: MediaKind,
    codecs: OfferPlan['sections'][number]['codecs'],
    events: readonly { receive: number; clock: number }[],
  ): void {
    const list = (this.used[kind] ??= []);
    const add = (one: UsedType) => {
      if (!list.some(({ type }) => type === one.type)) list.push(one);
    };
    for (const { type, name, clock, mode } of codecs) add({ type, name, clock, mode });
    for (const { receive, clock } of events) add({ type: receive, name: 'telephone-event', clock });
  }

  private describe(role: 'offer' | 'answer'): Described {
    if (this.description !== '') this.origin = bumped(this.origin);
    const ends = new Map<number, LocalEnd>();
    this.slots.forEach((slot, index) => {
      const wire = slot.body && this.wires.of(slot.kind as MediaKind);
      if (!wire) return;
      const protocol = role === 'answer' ? slot.protocol : wire.protocol;
      ends.set(index, { port: wire.port, protocol, attributes: wire.linesFor(role) });
    });
    this.description = describe(this.origin, this.slots, ends, this.wires.sessionLines);

    return this.described();
  }

  private checkOpen(): void {
    if (this.closing) throw new SightlineError('MEDIA_GONE');
  }
}

/** Whether what plays can go on after a change of the codec. */
function isSameFeed(before: CodecName, now: CodecName): boolean {
  return before === now || (isG711(before) && isG711(now));
}

function producible(name: string): Described['audio'] {
  return name === 'opus' || name === 'g722' ? name : 'pcm';
}
