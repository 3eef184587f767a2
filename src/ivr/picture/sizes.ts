import type { Paging } from '../face';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Lengths of a picture in units of its scene; at 640x480 (`large`) and 320x240 (`small`) a unit is a pixel. */
export interface Metrics {
  readonly height: number;
  /** The narrowest scene that pages are divided for: proportions of 11:9, as of CIF. */
  readonly narrowest: number;
  readonly margin: number;
  readonly title: number;
  readonly titleLine: number;
  readonly bar: number;
  readonly text: number;
  readonly textLine: number;
  readonly label: number;
  readonly labelLine: number;
  readonly rowPad: number;
  readonly gap: number;
  readonly key: number;
  readonly footer: number;
  readonly hint: number;
  readonly huge: number;
  /** The least height of an image, as a share of the picture: on a small one it needs more to be made out. */
  readonly imageShare: number;
}

export const LARGE: Metrics = {
  height: 480,
  narrowest: 586,
  margin: 26,
  title: 32,
  titleLine: 39,
  bar: 5,
  text: 22,
  textLine: 30,
  label: 23,
  labelLine: 28,
  rowPad: 8,
  gap: 7,
  key: 36,
  footer: 50,
  hint: 19,
  huge: 66,
  imageShare: 0.36,
};

export const SMALL: Metrics = {
  height: 240,
  narrowest: 293,
  margin: 11,
  title: 18,
  titleLine: 22,
  bar: 3,
  text: 14.5,
  textLine: 19,
  label: 15.5,
  labelLine: 19,
  rowPad: 4,
  gap: 3.5,
  key: 23,
  footer: 27,
  hint: 13,
  huge: 36,
  imageShare: 0.52,
};

/** The smallest text in a picture of 320x240, in pixels. */
export const SMALLEST_TEXT = 13;

const SMALLEST: Size = { width: 320, height: 240 };
const LARGEST: Size = { width: 1280, height: 720 };
export const USUAL: Size = { width: 640, height: 480 };
const [NARROWEST_RATIO, WIDEST_RATIO] = [11 / 9, 16 / 9];

/** The size to draw in for a peer that takes pictures up to `limit`: never so small or so odd that nothing could be read on it. */
export function pictureSize(limit: Size | undefined): Size {
  const { width, height } = limit ?? USUAL;
  const ratio = Math.min(Math.max(width / height, NARROWEST_RATIO), WIDEST_RATIO);
  const most = Math.min(height, width / ratio, LARGEST.height);
  const tall = Math.max(most, SMALLEST.height);

  return { width: even(tall * ratio), height: even(tall) };
}

export function pagingOf({ height }: Size): Extract<Paging, `video${string}`> {
  return height < 360 ? 'video-small' : 'video';
}

export function metricsOf(size: Size): Metrics {
  return pagingOf(size) === 'video' ? LARGE : SMALL;
}

function even(length: number): number {
  return Math.round(length / 2) * 2;
}
