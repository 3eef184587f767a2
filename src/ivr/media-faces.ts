import path from 'node:path';
import type { Clock } from '../lib/clock';
import type { Logger } from '../lib/logger';
import type { Endpoint } from '../media/port';
import { pagesAhead, type MenuMap } from './ahead';
import type { FaceContent } from './face-content';
import { MediaFace } from './media-face';
import type { ServerMessage } from './messages';
import type { Colours } from './picture/colours';
import { Painter } from './picture/painter';
import { pagingOf, pictureSize } from './picture/sizes';
import { promptFiles } from './prompts';
import type { MenuState } from './state';

/** As much of a plan as faces made of media need. */
export interface FaceSite extends MenuMap {
  /** Absolute path of the site's folder. */
  readonly folder: string;
  readonly assetBase: string | undefined;
  readonly defaultLocale: string;
  readonly look: Colours & { readonly logo?: string };
  /** Recorded prompts, such as `en/main.home.wav`. */
  readonly prompts: readonly string[];
  readonly queues: ReadonlyMap<string, { readonly hold: { readonly video?: string; readonly music?: string } }>;
}

/** What a face is made for. */
export interface MediaFaceAbout {
  readonly call: string;
  readonly plan: FaceSite;
  readonly endpoint: Endpoint;
  readonly kind: 'video' | 'voice';
  /** Where the person stands now; undefined before the first page. */
  state(): MenuState | undefined;
  /** The queue that the person waits in now. */
  queue(): string | undefined;
}

export interface MediaFacesOptions {
  readonly painter: Painter;
  /** Makes a sound file that says a text; undefined when none can be made. Never rejects. */
  readonly speech: { say(text: string, locale: string): Promise<string | undefined> };
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the faces of phones without a screen program, out of the pictures, prompts and colours of the plan of their call. */
export class MediaFaces {
  constructor(private readonly options: MediaFacesOptions) {
    const missing = Painter.missingFonts();
    const remedy = 'install fonts-dejavu-core and fonts-wqy-microhei; without them some texts cannot be drawn';
    if (missing.length > 0) options.log.warn({ missing, remedy }, 'fonts of the pictures are missing');
  }

  open(about: MediaFaceAbout): MediaFace {
    const { endpoint, kind, call } = about;
    const { clock } = this.options;
    const log = this.options.log.child({ call });
    const size = pictureSize(endpoint.pictureSize);
    const paging = kind === 'voice' ? 'voice' : pagingOf(size);
    const content = new SiteContent(about, size, this.options);

    return new MediaFace({ endpoint, kind, paging, content, clock, log });
  }
}

class SiteContent implements FaceContent {
  private readonly recorded: ReadonlySet<string>;

  constructor(
    private readonly about: MediaFaceAbout,
    private readonly size: { width: number; height: number },
    private readonly tools: Pick<MediaFacesOptions, 'painter' | 'speech'>,
  ) {
    this.recorded = new Set(about.plan.prompts);
  }

  picture(message: ServerMessage): Promise<Buffer> {
    const { look } = this.about.plan;
    const logo = look.logo === undefined ? undefined : this.asset(look.logo);
    const { size, locale } = this;

    return this.tools.painter.paint(message, { size, locale, colours: look, logo, fileOf: (url) => this.fileOf(url) });
  }

  prompt(message: ServerMessage): Promise<readonly string[]> {
    const speaking = { locale: this.locale, menu: this.about.state()?.menu ?? '' };
    const { speech } = this.tools;

    return promptFiles(message, speaking, {
      recorded: (locale, prompt) => this.recording(`${locale}/${prompt}.wav`),
      speak: (text, locale) => speech.say(text, locale),
    });
  }

  ahead(): readonly ServerMessage[] {
    const state = this.about.state();

    return state ? pagesAhead(state, this.about.plan) : [];
  }

  hold(): { music?: string; video?: string } {
    const { video, music } = this.about.plan.queues.get(this.about.queue() ?? '')?.hold ?? {};

    return {
      ...(video !== undefined && { video: this.asset(video) }),
      ...(music !== undefined && { music: this.asset(music) }),
    };
  }

  video(message: ServerMessage): string | undefined {
    return message.type === 'push' && message.kind === 'video' ? this.fileOf(message.url ?? '') : undefined;
  }

  private get locale(): string {
    return this.about.state()?.locale ?? this.about.plan.defaultLocale;
  }

  private recording(name: string): string | undefined {
    return this.recorded.has(name) ? path.join(this.about.plan.folder, 'prompts', name) : undefined;
  }

  private asset(name: string): string {
    return path.join(this.about.plan.folder, 'assets', name);
  }

  /** The file that a web address below the site's assetBase stands for. Nothing is fetched from elsewhere. */
  private fileOf(address: string): string | undefined {
    const { assetBase } = this.about.plan;
    if (assetBase === undefined || !address.startsWith(assetBase)) return undefined;
    const name = decoded(address.slice(assetBase.length).replace(/[?#].*$/, ''));
    const folder = this.asset('');
    const file = path.resolve(folder, name);

    return file.startsWith(folder + path.sep) ? file : undefined;
  }
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
