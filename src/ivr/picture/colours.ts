/** The colours of a site as `#rrggbb`. */
export interface Colours {
  readonly background: string;
  readonly text: string;
  readonly accent: string;
}

/** Every colour of a picture, made from the three of the site. */
export interface Palette {
  readonly top: string;
  readonly bottom: string;
  readonly text: string;
  readonly muted: string;
  readonly card: string;
  readonly line: string;
  readonly accent: string;
  readonly onAccent: string;
}

export const DEFAULT_COLOURS: Colours = { background: '#12324a', text: '#ffffff', accent: '#ffb300' };

export function paletteOf({ background, text, accent }: Colours): Palette {
  return {
    top: mixed(background, text, 0.06),
    bottom: mixed(background, luminance(background) < 0.5 ? '#000000' : '#ffffff', 0.22),
    text,
    muted: mixed(text, background, 0.24),
    card: mixed(background, text, 0.13),
    line: mixed(background, text, 0.28),
    accent,
    onAccent: contrast(accent, '#10151a') >= contrast(accent, '#ffffff') ? '#10151a' : '#ffffff',
  };
}

/** `share` of `b` in `a`, from 0 to 1. */
export function mixed(a: string, b: string, share: number): string {
  const [from, to] = [channels(a), channels(b)];
  const mix = from.map((value, i) => Math.round(value + ((to[i] ?? 0) - value) * share));

  return `#${mix.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** Contrast ratio from 1 to 21, as the Web Content Accessibility Guidelines 2 define it. */
export function contrast(a: string, b: string): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);

  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = channels(colour).map((value) => {
    const share = value / 255;

    return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });

  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function channels(colour: string): number[] {
  return [1, 3, 5].map((start) => parseInt(colour.slice(start, start + 2), 16) || 0);
}
