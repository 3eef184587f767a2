import { SightlineError } from '../../lib/errors';
import type { MediaKind, MediaSecurity } from '../port';
import { described, type Sdp, writeSdp } from '../sdp/document';
import { bumped, newOrigin, type Origin } from '../sdp/origin';
import { asAnswer, asOffer } from '../sdp/pass';
import { securityOf } from '../sdp/limit';
import { isLive } from '../sdp/queries';
import { agreedCodecs, type Codecs, composed, probe, probeSection, type Shaped, shaped, withMids } from './describe';
import { refusalStatus } from './fsmrf';
import { type BlindReason, VideoGate } from './video-gate';

/** Brings an offer to FreeSWITCH and resolves with its answer. */
export type Exchange = (offer: string) => Promise<string>;

/**
 * The descriptions of one endpoint: those exchanged with its peer, and those with FreeSWITCH. Each exchange waits for the one before.
 */
export class Signalling {
  private toPeer: Origin;
  private toServer: Origin;
  /** What we have told the peer last. */
  private local = '';
  /** The last description exchanged with the peer, by whichever side: its m= lines are those of the leg. */
  private leg: string | undefined;
  /** What FreeSWITCH was told last, and what it said. */
  private offered = '';
  private answered = '';
  private agreed: Codecs = {};
  private offersPeer = false;
  private peer: Sdp | undefined;
  /** The same, as FreeSWITCH is to see it. */
  private shaped: Shaped | undefined;
  private readonly gate = new VideoGate();
  private queue: Promise<unknown> = Promise.resolve();

  constructor(host: string) {
    this.toPeer = newOrigin(host);
    this.toServer = newOrigin(host);
  }

  get localDescription(): string {
    return this.local;
  }

  get codecs(): Codecs {
    return this.agreed;
  }

  /** What the peer has described last; undefined as long as it has not. */
  get peerDescription(): Sdp | undefined {
    return this.peer;
  }

  /** Answers an offer of the peer. @throws MEDIA_MISMATCH, and all stays as it was. */
  answer(offer: string, beside: Codecs | undefined, exchange: Exchange): Promise<string> {
    return this.inTurn(async () => {
      const answer = await this.bring(offer, beside, exchange);
      const origin = this.nextToPeer();
      this.local = withMids(asAnswer(this.gate.hidden(answer), offer, origin), offer, origin);
      this.leg = this.local;
      this.offersPeer = false;

      return this.local;
    });
  }

  /** Makes an offer to the peer. What was agreed goes on until the answer is taken. */
  offer(
    media: readonly MediaKind[],
    beside: Codecs | undefined,
    exchange: Exchange,
    security: MediaSecurity = 'none',
  ): Promise<string> {
    return this.inTurn(async () => {
      if (this.answered === '') await this.exchangeWith(probe(this.toServer, media, security), exchange);
      else await this.openPorts(media, exchange);
      const fresh = composed(this.answered, this.nextToPeer(), media, beside);
      const { leg } = this;
      this.local = leg === undefined ? fresh : withMids(asOffer(fresh, this.toPeer, leg), leg, this.toPeer);
      this.offersPeer = true;

      return this.local;
    });
  }

  /** Takes the peer's answer to our offer. @throws MEDIA_MISMATCH, and what was agreed before goes on. */
  accept(answer: string, exchange: Exchange): Promise<void> {
    return this.inTurn(async () => {
      const sdp = described(answer);
      if (!this.offersPeer) throw new SightlineError('WRONG_STATE', 'No offer of ours waits for an answer');
      if (!sdp.media.some((section) => isLive(sdp, section))) throw new SightlineError('MEDIA_MISMATCH');
      await this.bring(answer, undefined, exchange);
      this.offersPeer = false;
      this.leg = this.local;
    });
  }

  /** Sends the peer no pictures any more, or sends them again; it is told nothing. */
  blind(reason: BlindReason, on: boolean, exchange: Exchange): Promise<void> {
    return this.inTurn(async () => {
      if (!this.gate.set(reason, on) || !this.shaped || !this.agreed.video) return;
      await this.tell(this.shaped, exchange);
    });
  }

  private async bring(text: string, beside: Codecs | undefined, exchange: Exchange): Promise<string> {
    const peer = shaped(text, beside);
    const answer = await this.tell(peer, exchange);
    this.shaped = peer;
    this.agreed = agreedCodecs(answer);
    this.peer = text;

    return answer;
  }

  private tell({ session, media }: Shaped, exchange: Exchange): Promise<string> {
    const said = writeSdp(this.toServer, session, this.gate.applied(media, session));

    return this.exchangeWith(asOffer(said, this.nextToServer(), this.offered || undefined), exchange);
  }

  /** Has FreeSWITCH open a port for each kind that it has none for, with what is agreed going on beside. */
  private async openPorts(media: readonly MediaKind[], exchange: Exchange): Promise<void> {
    const said = described(this.answered);
    const missing = media.filter((kind) => !said.media.some((one) => one.kind === kind && isLive(said, one)));
    if (missing.length === 0) return;
    const now = described(this.offered);
    const security = securityOf(now);
    const sections = now.media.map((one) =>
      missing.includes(one.kind as MediaKind) ? probeSection(one.kind as MediaKind, security, this.toServer.host) : one,
    );
    const added = missing
      .filter((kind) => !now.media.some((one) => one.kind === kind))
      .map((kind) => probeSection(kind, security, this.toServer.host));
    await this.exchangeWith(writeSdp(this.nextToServer(), now.session, [...sections, ...added]), exchange);
  }

  private async exchangeWith(offer: string, exchange: Exchange): Promise<string> {
    let answer: string;
    try {
      answer = await exchange(offer);
    } catch (error) {
      const status = refusalStatus(error);
      if (status !== 488 && status !== 606 && status !== 415) throw error;
      throw new SightlineError('MEDIA_MISMATCH', undefined, { cause: error });
    }
    this.offered = offer;
    this.answered = answer;

    return answer;
  }

  private nextToPeer(): Origin {
    if (this.local !== '') this.toPeer = bumped(this.toPeer);

    return this.toPeer;
  }

  private nextToServer(): Origin {
    if (this.offered !== '') this.toServer = bumped(this.toServer);

    return this.toServer;
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.queue.then(work);
    this.queue = result.catch(() => undefined);

    return result;
  }
}
