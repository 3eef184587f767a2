/** The fonts of pictures, where the Debian packages fonts-dejavu-core and fonts-wqy-microhei put them. */
export const FONT_FILES = {
  regular: '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf',
  bold: '/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf',
  /** Chinese, Japanese and Korean; it has one weight. */
  han: '/usr/share/fonts/truetype/wqy/wqy-microhei.ttc',
} as const;

export const FONT_FAMILIES = 'DejaVu Sans, WenQuanYi Micro Hei';

/** Characters whose widths are known: Latin, Greek and Cyrillic. */
export const tabledRanges: readonly (readonly [from: number, to: number])[] = [
  [0x20, 0x17f],
  [0x370, 0x4ff],
];

export const TABLE_UNITS = 1000;
