import type { ServerMessage } from '../ivr/messages';
import type { Endpoint } from '../media/port';
import type { Plan } from '../dialplan/model';

/** What puts the menu, the queue and the end before a person: a screen program, pictures, or prompts. */
export interface Face {
  show(message: ServerMessage): boolean;
  showAll(messages: readonly ServerMessage[]): void;
  settle(ref: string, shown: boolean, reason?: string): boolean;
  idle(): Promise<void>;
  close(): void;
}

/** What a call hears of a face that is made of media. */
export interface FaceListener {
  failed(why: string): void;
}

export interface FaceAbout {
  call: string;
  plan: Plan;
  endpoint: Endpoint;
  kind: 'video' | 'voice';
}

/** Makes the faces for phones without a screen program. */
export interface FaceMaker {
  open(about: FaceAbout, listener: FaceListener): Face;
}
