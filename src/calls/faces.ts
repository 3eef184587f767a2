import type { Plan } from '../dialplan/model';
import type { MediaFace } from '../ivr/media-face';
import type { MenuState } from '../ivr/state';
import type { Endpoint } from '../media/port';

/** What a face for a phone without a screen program is made for. */
export interface FaceAbout {
  call: string;
  plan: Plan;
  endpoint: Endpoint;
  kind: 'video' | 'voice';
  /** Where the person stands now; undefined before the first page. */
  state(): MenuState | undefined;
  /** The queue that the person waits in now. */
  queue(): string | undefined;
}

/** Makes the faces for phones without a screen program. */
export interface FaceMaker {
  open(about: FaceAbout): MediaFace;
}
