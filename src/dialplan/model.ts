import type { CallbackConfig, ClassCurves, Medium, OverflowCondition, OverflowTarget } from '../acd/config';
import type { QueueConfig, SeatConfig, TicketClass } from '../acd/config';
import type { LocalText, Menu } from '../ivr/model';
import type { Hours } from './hours';

/**
 * A site's dialplan after compilation: complete, checked and immutable. Every name in it leads somewhere, every text has
 * every language, every range is written out. Calls hold on to the plan they began with.
 */
export interface Plan {
  /** Hash of what the plan says: equal plans have equal versions on every node. Comments and spacing do not count. */
  readonly version: string;
  /** The name of the site's folder. */
  readonly site: string;
  /** Absolute path of that folder. */
  readonly folder: string;
  /** The SIP domain of the site, in lower case. */
  readonly domain: string;
  /** The realm of digest authentication. */
  readonly realm: string;
  /** Languages (BCP 47) that every text is written in. */
  readonly locales: readonly string[];
  readonly defaultLocale: string;
  /** Networks in CIDR notation whose calls need no credentials; see `isTrusted`. */
  readonly trustedNetworks: readonly string[];
  /** Public http(s) URL, ending in `/`, of the site's folder `assets`. Pictures in this plan are whole URLs already. */
  readonly assetBase: string | undefined;
  readonly look: Look;
  /** IANA name of the time zone in which opening hours are meant. */
  readonly timezone: string;
  readonly hours: ReadonlyMap<string, Hours>;
  /** How tickets of each class age. */
  readonly classes: ClassCurves;
  /** The longest time, in seconds, for which VIPs who come later may overtake others; `classes` keep to it. */
  readonly overtakeLimit: number;
  readonly emergency?: Emergency;
  readonly codes: FeatureCodes;
  /** Recorded prompts: files of the site's folder `prompts`, such as `en/main.home.wav`. */
  readonly prompts: readonly string[];
  /** Static numbers by what is dialled. */
  readonly numbers: ReadonlyMap<string, StaticNumber>;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly services: ReadonlyMap<string, Service>;
  /** The service of a help request that names none. Absent only when the site has no services. */
  readonly defaultService: string | undefined;
  readonly flows: ReadonlyMap<string, Flow>;
  readonly menus: ReadonlyMap<string, Menu>;
  readonly queues: ReadonlyMap<string, Queue>;
  readonly terminals: ReadonlyMap<string, Terminal>;
  readonly seats: ReadonlyMap<string, Seat>;
}

/** What every caller is shown or told before anything else. */
export interface Emergency {
  readonly text: LocalText;
  /** Whether the call ends after that. */
  readonly refuse: boolean;
}

export const featureCodeNames = ['login', 'logout', 'break', 'available', 'done'] as const;
export type FeatureCodeName = (typeof featureCodeNames)[number];
/** What seats dial to change their state. */
export type FeatureCodes = Readonly<Record<FeatureCodeName, string>>;

/** How pages look where they are drawn as a picture. Colours are written as `#rrggbb`. */
export interface Look {
  readonly background: string;
  readonly text: string;
  readonly accent: string;
  /** A file of the site's folder `assets`. */
  readonly logo?: string;
}

export interface StaticNumber {
  readonly number: string;
  readonly flow: string;
  /** The language of the call, whatever the terminal's own is. */
  readonly locale?: string;
}

/** Routing numbers from `from` to `to`, both included. */
export interface Pool {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  /** Seconds for which a number is leased: the time a terminal has to dial it. */
  readonly lease: number;
  /** Seconds for which a number stays out of use after its lease has ended. */
  readonly quarantine: number;
}

export interface Service {
  readonly id: string;
  readonly label: LocalText;
  readonly flow: string;
  readonly pool: string;
  /** With no number free: `refuse` the request (503 with Retry-After) or let it wait in a `queue` for the next free number. */
  readonly whenExhausted: 'refuse' | 'queue';
}

/** What becomes of a call: the menu first, when there is one; the queue is where it goes without one, or when a menu cannot be shown. */
export interface Flow {
  readonly id: string;
  readonly menu?: string;
  readonly queue: string;
  /** Seconds of head start. */
  readonly priority: number;
  /** Expressions that the seat must meet for calls of this flow. */
  readonly skills: readonly string[];
  readonly class?: TicketClass;
  /** What seats have to be able to take for calls of this flow; what the call brings along when absent. */
  readonly medium?: Medium;
  /** The seat that calls of this flow ask for. */
  readonly designated?: string;
}

export interface Queue extends QueueConfig {
  readonly label: LocalText;
  readonly recording: RecordingPolicy;
  /** Days for which recordings and snapshots are kept. */
  readonly retention: number;
  /** Files of the site's folder `assets` for those who wait at a phone without a screen program. */
  readonly hold: { readonly video?: string; readonly music?: string };
  /** Open at all times when absent. */
  readonly hours?: Hours;
  /** What callers are told who come while it is closed. */
  readonly closedMessage?: LocalText;
  overflow?: QueueOverflow[];
  callback?: QueueCallback;
}

export interface QueueOverflow {
  when: OverflowCondition;
  to: QueueOverflowTarget;
}

export type QueueOverflowTarget = Exclude<OverflowTarget, { kind: 'message' }> | { kind: 'message'; text: LocalText };

export interface QueueCallback extends CallbackConfig {
  /** When people may be called back. At all times when absent. */
  readonly hours?: Hours;
}

/**
 * Whether talks are recorded. `by-request`: when REST or a key sent as SIP INFO asks for it; `by-agent`: also by keys that come with
 * the sound, for which media go through the server from the beginning.
 */
export type RecordingPolicy = 'never' | 'by-request' | 'by-agent' | 'always';

export interface Terminal {
  readonly id: string;
  readonly password: string;
  /** Where it stands, as agents should read it. */
  readonly place?: string;
  /** The language of its screen, when it names none itself. */
  readonly locale?: string;
  /** Class of its calls, in place of that of the flow. */
  readonly class?: TicketClass;
  /** By whom its customer is known when he comes again; the terminal itself when absent. */
  readonly customer?: string;
}

export interface Seat extends SeatConfig {
  readonly password: string;
  /** The name that the person at the terminal sees. */
  readonly name: string;
  /** An http(s) URL of a picture of the agent. */
  readonly photo?: string;
  /** Digits that the agent dials after the code of login. */
  readonly pin?: string;
}
