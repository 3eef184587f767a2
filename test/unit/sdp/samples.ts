import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { inProject } from '../../../src/lib/paths';

const folder = inProject('test', 'data', 'sdp');

export const sampleNames = readdirSync(folder)
  .filter((name) => name.endsWith('.sdp'))
  .map((name) => name.slice(0, -'.sdp'.length));

/** A session description as a real client writes it, or in its style. */
export function sample(name: string): string {
  return readFileSync(path.join(folder, `${name}.sdp`), 'utf8');
}

export const origin = { id: '4711', version: 3, host: '192.0.2.10' };
export const ORIGIN_LINE = 'o=- 4711 3 IN IP4 192.0.2.10';

/** The m= lines, without what stands below them. */
export function mLines(sdp: string): string[] {
  return linesOf(sdp).filter((line) => line.startsWith('m='));
}

export function linesOf(sdp: string): string[] {
  return sdp.split('\r\n').slice(0, -1);
}

/** The lines below the n-th m= line. */
export function below(sdp: string, index: number): string[] {
  const lines = linesOf(sdp);
  const starts = lines.flatMap((line, place) => (line.startsWith('m=') ? [place] : []));

  return lines.slice((starts[index] ?? lines.length) + 1, starts[index + 1]);
}

export function sdpOf(...lines: string[]): string {
  return ['v=0', 'o=- 1 1 IN IP4 198.51.100.1', 's=-', 'c=IN IP4 198.51.100.1', 't=0 0', ...lines, ''].join('\r\n');
}

export const AUDIO = ['m=audio 4000 RTP/AVP 0 8 101', 'a=rtpmap:101 telephone-event/8000'];
export const VIDEO = ['m=video 4002 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=fmtp:96 packetization-mode=1'];

/** A sample with lines taken out, doubled, swapped, or with a piece of a line replaced. */
export const damaged: fc.Arbitrary<string> = fc
  .record({
    text: fc.constantFrom(...sampleNames).map(sample),
    edits: fc.array(
      fc.record({
        kind: fc.constantFrom('drop', 'double', 'swap', 'splice', 'bytes'),
        at: fc.nat(120),
        other: fc.nat(120),
        piece: fc.oneof(
          fc.constantFrom(
            '65536',
            '-1',
            '0',
            'a=',
            'm=audio 0 RTP/AVP',
            'm=video 65536 RTP/AVP 96',
            ' ',
            '\0',
            'RTP/SAVP',
            '96 96 96',
          ),
          fc.constantFrom(
            'c=IN IP6 ::',
            'c=IN IP4 0.0.0.0',
            'a=inactive',
            'a=bundle-only',
            'a=group:BUNDLE 0 1',
            'a=mid:0',
            'm=x',
          ),
          fc.constantFrom(
            'a=crypto:1 X inline:',
            'a=crypto:1',
            'a=rtpmap:96',
            'a=rtpmap:96 //',
            'a=fmtp:',
            'a=ice-ufrag:',
            'a=setup:',
          ),
          fc.string(),
        ),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ text, edits }) => edits.reduce(damage, text.split('\r\n')).join('\r\n'));

function damage(lines: string[], edit: { kind: string; at: number; other: number; piece: string }): string[] {
  const at = edit.at % lines.length;
  const other = edit.other % lines.length;
  const line = lines[at] ?? '';
  switch (edit.kind) {
    case 'drop':
      return lines.toSpliced(at, 1);
    case 'double':
      return lines.toSpliced(other, 0, line);
    case 'swap':
      return lines.with(at, lines[other] ?? '').with(other, line);
    case 'splice':
      return lines.toSpliced(at, 0, edit.piece);
    default:
      return lines.with(at, line.slice(0, edit.other % (line.length + 1)) + edit.piece);
  }
}
