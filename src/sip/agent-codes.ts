import { newMedia, inactiveFor, endpointAnswer, offerFor, answerForEndpoint } from '../calls/media';
import { reasonNormal, type IncomingInvite, type Leg } from '../calls/leg';
import { agentWordsFor } from '../ivr/agent-words';
import type { Clock } from '../lib/clock';
import { pause } from '../lib/clock';
import { SightlineError } from '../lib/errors';
import type { Logger } from '../lib/logger';
import type { Endpoint, MediaServer } from '../media/port';
import type { FeatureCodes } from '../dialplan/model';
import type { FeatureCode } from './feature-codes';
import { forLog } from './registrar/authenticator';
import { Throttle } from './registrar/throttle';

/** What agents say of themselves; see src/acd/acd.ts for what each does. */
export interface SeatPort {
  login(seatId: string): Promise<unknown>;
  logout(seatId: string): Promise<unknown>;
  pause(seatId: string, reason?: string): Promise<unknown>;
  unpause(seatId: string): Promise<unknown>;
  endWrapUp(seatId: string): Promise<unknown>;
}

export interface AgentCodesPorts {
  seats: SeatPort;
  codes(): FeatureCodes;
  /** The PIN of a seat; undefined when it has none, and may log in without. */
  pinOf(seatId: string): string | undefined;
  media(): MediaServer | undefined;
  speech: { say(text: string, locale: string): Promise<string | undefined> };
  /** Our address in a description without media. */
  mediaAddress: string;
  clock: Clock;
  log: Logger;
}

/** Wrong PINs until a seat is refused, and the time in ms in which they count and for which it is. */
export const pinLimits = { perUser: 5, window: 600_000 };
/** The longest that a confirmation may take, in ms. */
const saidWithinMs = 10_000;

/** Carries out the feature codes of agents, and says that it was done. */
export class AgentCodes {
  /** Counted by seat, wherever it dials from: only the seat itself can, so nobody is locked out by others. */
  private readonly throttle = new Throttle({ ...pinLimits, perSource: Infinity });

  constructor(private readonly ports: AgentCodesPorts) {}

  get codes(): FeatureCodes {
    return this.ports.codes();
  }

  /**
   * Does what the code says, for this seat alone.
   * @throws SightlineError FORBIDDEN for a wrong PIN, or after too many of them; what the ACD throws.
   */
  async carryOut(seat: string, code: FeatureCode): Promise<void> {
    const { seats } = this.ports;
    switch (code.kind) {
      case 'login':
        this.checkPin(seat, code.pin);
        await seats.login(seat);
        return;
      case 'logout':
        await seats.logout(seat);
        return;
      case 'break':
        await seats.pause(seat, code.reason);
        return;
      case 'available':
        await seats.unpause(seat);
        return;
      case 'done':
        await seats.endWrapUp(seat);
        return;
    }
  }

  private checkPin(seat: string, pin: string): void {
    const { clock, log, pinOf } = this.ports;
    const now = clock.now();
    const blocked = this.throttle.blockedFor(throttled, seat, now);
    if (blocked > 0) throw new SightlineError('FORBIDDEN', 'Too many wrong PINs', { retryAfter: blocked / 1000 });
    const expected = pinOf(seat);
    if (expected === undefined || pin === expected) return this.throttle.succeeded(throttled, seat);
    log.warn(`SIP PIN failure for [${forLog(seat)}]`);
    if (this.throttle.failed(throttled, seat, now)) log.warn(`SIP PIN blocked for [${forLog(seat)}]`);
    throw new SightlineError('FORBIDDEN', 'The PIN is wrong');
  }

  /** Answers with a few spoken words, or without media where there is nothing to say them with, and hangs up. Never rejects. */
  async confirm(incoming: IncomingInvite, code: FeatureCode, locale: string): Promise<void> {
    try {
      const file = await this.ports.speech.say(agentWordsFor(locale)[code.kind], locale);
      const endpoint = file === undefined ? undefined : await this.endpointFor(incoming);
      if (file === undefined || !endpoint) return await this.answerSilently(incoming);
      try {
        await this.speak(incoming, endpoint, file);
      } finally {
        await endpoint.close();
      }
    } catch (error) {
      this.ports.log.info({ err: error, code: code.kind }, 'an agent did not hear that his code was carried out');
      incoming.reject(new SightlineError('INTERNAL'));
    }
  }

  /** Undefined when no engine can speak to this phone. */
  private async endpointFor({ sdp }: IncomingInvite): Promise<Endpoint | undefined> {
    const media = this.ports.media();
    if (!media?.available) return undefined;
    try {
      return await media.createEndpoint({
        label: 'feature code',
        ...(sdp === undefined ? { media: ['audio'] } : { offer: sdp }),
      });
    } catch {
      return undefined;
    }
  }

  private async answerSilently(incoming: IncomingInvite): Promise<void> {
    const { leg } = await incoming.answer(inactiveFor(newMedia(this.ports.mediaAddress), incoming.sdp));
    leg.start();
    await leg.bye(reasonNormal);
  }

  private async speak(incoming: IncomingInvite, endpoint: Endpoint, file: string): Promise<void> {
    const media = newMedia(this.ports.mediaAddress);
    if (incoming.sdp !== undefined) media.remote = incoming.sdp;
    const said = endpoint.localDescription;
    const answer = incoming.sdp === undefined ? offerFor(media, said) : endpointAnswer(media, said);
    const { leg, ackSdp } = await incoming.answer(answer);
    leg.start();
    try {
      if (ackSdp !== undefined) await endpoint.accept(answerForEndpoint(endpoint, ackSdp));
      const playback = endpoint.play({ files: [file] });
      await Promise.race([playback.done, ended(leg), pause(this.ports.clock, saidWithinMs)]);
      playback.stop();
    } finally {
      await leg.bye(reasonNormal);
    }
  }
}

/** Every seat dials from the same place as far as PINs are concerned. */
const throttled = 'seat';

function ended(leg: Leg): Promise<unknown> {
  return leg.alive ? new Promise((resolve) => leg.events.once('ended', resolve)) : Promise.resolve();
}
