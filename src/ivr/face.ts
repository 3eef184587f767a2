import type { SightlineError } from '../lib/errors';
import type { ServerMessage } from './messages';

/**
 * By which laws a page is divided: `screen` into INFO bodies of 1,200 bytes, `video` into pictures of 640x480 and more,
 * `video-small` into smaller ones, and `voice` not at all.
 */
export type Paging = 'screen' | 'video' | 'video-small' | 'voice';
export const PAGINGS: readonly Paging[] = ['screen', 'video', 'video-small', 'voice'];

/** What became of a push. */
export interface Receipt {
  readonly ref: string;
  readonly shown: boolean;
  /** Why it was not shown: the terminal's own words, or `refused`, `not-sent`, `screen-failed`, `face-failed`, `closed`, `replaced`. */
  readonly reason?: string;
}

/**
 * What puts menu, queue, talk and end before a person: a screen program (by INFO), pictures in the video, or prompts. Its methods
 * never throw, and its trouble never ends the call; what went wrong is told by events.
 */
export interface Face {
  /** How the session has to divide pages for it: belongs into `MenuState.face` before anything is drawn; see `onFace`. */
  readonly paging: Paging;
  readonly isOpen: boolean;
  /** Puts a message before the person. Newer pages and queue messages take the place of older ones. False when the face has ended. */
  show(message: ServerMessage): boolean;
  showAll(messages: readonly ServerMessage[]): void;
  /** The receipt for a push that came from elsewhere. False for a ref that is unknown or settled already. */
  settle(ref: string, shown: boolean, reason?: string): boolean;
  /** Resolves when nothing waits to be shown or, for the end of a call, said. Never rejects. */
  idle(): Promise<void>;
  /** Drops what was not shown. Twice is harmless. What carries the face (dialog, endpoint) stays open. */
  close(): void;
}

/** Why a face that is made of media cannot go on. */
export interface MediaFailure {
  /** `picture`: none can be drawn or encoded; `sound`: the phone takes none; `endpoint`: it does not do what it was told. */
  readonly cause: 'picture' | 'sound' | 'endpoint';
  readonly reason: string;
}

export type MediaFaceEvents = {
  /** The picture of this message is on its way, or its prompt where there are no pictures. */
  taken: [message: ServerMessage];
  /** The face cannot go on: the call falls to the next one. At most once; nothing is shown afterwards. */
  failed: [failure: MediaFailure];
  /** The endpoint is closed; whoever has it knows why. At most once, in place of `failed`. */
  gone: [reason: string];
  /** A push is settled; exactly once for each ref that was pushed. */
  receipt: [receipt: Receipt];
  /** A message could not be shown while the face goes on. */
  dropped: [message: ServerMessage, error: SightlineError];
};
