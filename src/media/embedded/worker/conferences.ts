import { SightlineError } from '../../../lib/errors';
import { canPass, isG711 } from '../negotiate';
import type { MediaEnd } from './media-end';
import { Mixer } from './mixer';
import type { Pacer } from './pacer';
import type { MediaStream } from './stream';

/** Several endpoints: all hear all others; all see the one with the floor, and that one sees who had it before. */
export class PacketConference {
  private readonly mixer: Mixer;
  private readonly members = new Set<MediaEnd>();
  private floorOf: MediaEnd | undefined;
  private before: MediaEnd | undefined;
  private links: { from: MediaStream; to: MediaStream }[] = [];

  constructor(pacer: Pacer) {
    this.mixer = new Mixer(pacer);
  }

  /** @throws SightlineError MEDIA_MISMATCH for sound that cannot be mixed. */
  check(end: MediaEnd): void {
    const audio = end.streams.get('audio');
    if (audio && !isG711(audio.agreed.codec.name)) {
      throw new SightlineError('MEDIA_MISMATCH', `Sound is mixed in PCMU and PCMA, not in ${audio.agreed.codec.name}`);
    }
  }

  join(end: MediaEnd): void {
    this.members.add(end);
    if (!this.floorOf) this.floorOf = end;
    else this.before ??= end;
    this.link();
  }

  leave(end: MediaEnd): void {
    if (!this.members.delete(end)) return;
    if (this.before === end) this.before = undefined;
    if (this.floorOf === end) {
      this.floorOf = this.before;
      this.before = undefined;
    }
    this.floorOf ??= [...this.members][0];
    this.before ??= [...this.members].find((member) => member !== this.floorOf);
    this.link();
  }

  give(end: MediaEnd): void {
    if (!this.members.has(end)) throw new SightlineError('WRONG_STATE', 'This endpoint is not in the conference');
    if (end === this.floorOf) return;
    this.before = this.floorOf;
    this.floorOf = end;
    this.link();
  }

  has(end: MediaEnd): boolean {
    return this.members.has(end);
  }

  /** Brings streams and links in line with who is there. */
  link(): void {
    const audios = [...this.members].flatMap((end) => end.streams.get('audio') ?? []);
    const mixed = audios.filter(({ agreed }) => isG711(agreed.codec.name));
    for (const gone of this.mixer.streams) if (!mixed.includes(gone)) this.mixer.remove(gone);
    for (const stream of mixed) this.mixer.add(stream);
    this.linkVideo();
  }

  close(): void {
    this.members.clear();
    this.floorOf = undefined;
    this.before = undefined;
    this.link();
  }

  private linkVideo(): void {
    const wanted = [...this.members].flatMap((end) => {
      const from = (end === this.floorOf ? this.before : this.floorOf)?.streams.get('video');
      const to = end.streams.get('video');

      return from && to && from !== to && canPass(from.agreed.codec, to.agreed.codec) ? [{ from, to }] : [];
    });
    const isIn = (list: typeof wanted, { from, to }: { from: MediaStream; to: MediaStream }) =>
      list.some((other) => other.from === from && other.to === to);
    for (const { from, to } of this.links.filter((link) => !isIn(wanted, link))) {
      from.sinks = from.sinks.filter((sink) => sink !== to);
      if (to.source === from) to.source = undefined;
    }
    for (const { from, to } of wanted.filter((link) => !isIn(this.links, link))) {
      from.sinks = [...from.sinks, to];
      to.source = from;
      from.askKey();
    }
    this.links = wanted;
  }
}

/** The conferences of the worker. */
export class Conferences {
  private readonly all = new Map<string, PacketConference>();

  constructor(private readonly pacer: Pacer) {}

  create(id: string): void {
    this.all.set(id, new PacketConference(this.pacer));
  }

  get(id: string): PacketConference {
    const conference = this.all.get(id);
    if (!conference) throw new SightlineError('MEDIA_GONE');

    return conference;
  }

  leaveAll(end: MediaEnd): void {
    for (const conference of this.all.values()) conference.leave(end);
  }

  changed(end: MediaEnd): void {
    for (const conference of this.all.values()) if (conference.has(end)) conference.link();
  }

  close(id: string): void {
    this.all.get(id)?.close();
    this.all.delete(id);
  }
}
