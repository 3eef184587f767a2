import type { Medium, TicketClass } from '../acd/config';

/**
 * The visual menu as the operator means it: one model that every face (screen, video, voice, text) is drawn from.
 * The dialplan compiles operators' files to these types; nothing here knows SIP or SDP.
 */

/**
 * One text in the languages of a site: BCP 47 locale -> text. After compilation it is complete: it has an entry for every
 * locale of the site, written exactly as in the site's list of locales.
 */
export type LocalText = Readonly<Record<string, string>>;

/** The locales a site speaks. `locales` holds at least the default. */
export interface SiteLocales {
  readonly locales: readonly string[];
  readonly defaultLocale: string;
}

/** What a choice leads to. `page`, `home` and `back` stay in the menu; the others are handed to the call. */
export type MenuAction =
  | { readonly type: 'page'; readonly page: string }
  | { readonly type: 'home' }
  | { readonly type: 'back' }
  | {
      readonly type: 'queue';
      readonly queue: string;
      readonly priority?: number;
      readonly skills?: readonly string[];
      readonly class?: TicketClass;
      readonly medium?: Medium;
      /** The seat that is asked for. */
      readonly designated?: string;
    }
  | { readonly type: 'flow'; readonly flow: string }
  | { readonly type: 'end'; readonly reason: string };

/** An action that leaves the menu: the call carries it out. */
export type OutsideAction = Exclude<MenuAction, { type: 'page' | 'home' | 'back' }>;

/** The keys an item may have: those of a telephone that dial a choice. `#` and `*` are kept for paging and back. */
export const ITEM_KEYS = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '0'] as const;

export interface Item {
  /** One of ITEM_KEYS, unique on its page; also the DTMF digit that chooses the item. */
  readonly key: string;
  readonly label: LocalText;
  /** A name from the terminal's own set of icons, or an https URL. */
  readonly icon?: string;
  readonly action: MenuAction;
}

export const FIELD_TYPES = ['text', 'number', 'phone', 'date', 'choice'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

export interface FieldOption {
  readonly value: string;
  readonly label: LocalText;
}

export interface Field {
  /** Unique in its form; the key of the value in the ticket's context. */
  readonly name: string;
  readonly label: LocalText;
  readonly type: FieldType;
  readonly required: boolean;
  /** For `choice` only, at least one. */
  readonly options?: readonly FieldOption[];
}

export interface Form {
  readonly fields: readonly Field[];
  /** The label of the button that sends the form. */
  readonly submit: LocalText;
  /** What follows once the values are accepted. */
  readonly action: MenuAction;
}

export interface Page {
  readonly id: string;
  readonly title: LocalText;
  readonly text?: LocalText;
  /** An http(s) URL of a picture. */
  readonly image?: string;
  readonly items: readonly Item[];
  readonly form?: Form;
  /** Whether the person may go back from here to the page before. */
  readonly back: boolean;
}

export interface Menu {
  readonly id: string;
  /** The id of the page shown first, and by `home`. */
  readonly start: string;
  readonly pages: Readonly<Record<string, Page>>;
}

/**
 * How long the parts of a page may be, in bytes of UTF-8 as JSON writes them (without the quotes). Whatever a dialplan may hold fits;
 * texts from elsewhere that are longer are clipped, icons and pictures with a longer URL are left out.
 */
export const LIMITS = {
  id: 64,
  title: 300,
  label: 360,
  icon: 500,
  image: 500,
  fieldName: 48,
  optionValue: 240,
} as const;

/** The text in a locale that a compiled plan is sure to have; an incomplete text gives what it has. */
export function localized(text: LocalText, locale: string): string {
  return text[locale] ?? Object.values(text)[0] ?? '';
}
