import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { Endpoint } from '../media/port';
import type { Paging } from './face';
import type { ServerMessage } from './messages';

/** Files that a person who waits hears and sees beside the page of the queue; whole paths. */
export interface HoldFiles {
  readonly music?: string;
  readonly video?: string;
}

/** Where the words, pictures and prompts of one call come from. */
export interface FaceContent {
  /** The PNG of a message. Rejects when it cannot be made. */
  picture(message: ServerMessage): Promise<Buffer>;
  /** Sound files that say a message, in order; those that cannot be made are left out. Never rejects. */
  prompt(message: ServerMessage): Promise<readonly string[]>;
  /** The messages that one key may lead to from where the person is now, so that they are made ready. */
  ahead(): readonly ServerMessage[];
  /** What is played to those who wait where the call waits now. */
  hold(): HoldFiles;
  /** The video file that a push names, where the site has it. */
  video(message: ServerMessage): string | undefined;
}

export interface MediaFaceOptions {
  readonly endpoint: Endpoint;
  /** `video` shows pictures and says prompts, `voice` says prompts alone. */
  readonly kind: 'video' | 'voice';
  readonly paging: Paging;
  readonly content: FaceContent;
  readonly clock: Clock;
  /** A child logger of the call. */
  readonly log: Logger;
}
