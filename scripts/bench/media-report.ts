import type { MenuReport } from './media-menu';
import type { MoveReport } from './media-move';
import type { MediaBenchOptions } from './media-options';
import type { Passage } from './media-protocol';
import type { RelayReport } from './media-relay';
import type { Percentiles } from './numbers';

export interface MediaReport {
  when: string;
  machine: { cpus: number; model: string; node: string };
  options: MediaBenchOptions;
  relays: RelayReport[];
  menu: MenuReport | undefined;
  move: MoveReport | undefined;
}

/** The report as a table for people. */
export function mediaTable({ relays, menu, move }: MediaReport): string {
  const lines = relays.flatMap(relayLines);
  const rows = [...(menu ? menuRows(menu) : []), ...(move ? moveRows(move) : [])];
  if (rows.length > 0) {
    lines.push(
      `  ${'ms'.padEnd(46)}${['count', 'p50', 'p95', 'p99', 'max'].map((name) => name.padStart(9)).join('')}`,
      ...rows.map(([name, values]) => row(name, values)),
    );
  }
  if (menu)
    lines.push(
      `  the first call of all: picture after ${menu.cold.firstPicture} ms, prompt after ${menu.cold.firstPrompt} ms`,
    );

  return `${lines.join('\n')}\n`;
}

function relayLines(report: RelayReport): string[] {
  const { engine, calls, relayed, direct, generator, dropped } = report;
  const verdict = report.voidBecause.length > 0 ? 'VOID' : relayed.lost === 0 ? 'no loss' : 'LOSS';
  const cpu = Object.entries(report.cpuPercent).map(([name, percent]) => `${name} ${percent}`);

  return [
    `${engine}: ${calls} calls, ${relayed.rate} packets/s, ${verdict}`,
    ...report.voidBecause.map((why) => `  void because ${why}`),
    `  ${''.padEnd(20)}${['packets', 'lost', 'p50 ms', 'p95 ms', 'p99 ms', 'max ms'].map((name) => name.padStart(10)).join('')}`,
    passageRow('through the engine', relayed),
    passageRow('nothing between', direct),
    `  CPU of a core, %: ${cpu.join(', ')}; ${report.cpuMicrosPerPacket} us a packet, ${report.callsPerCore} calls a core`,
    `  generator: ${generator.cpuPercent} % of a core, sent late p99 ${generator.lateMs?.p99 ?? 0} ms; ` +
      `dropped by the kernel: at the generator ${dropped.generator}, elsewhere ${dropped.others}`,
    '',
  ];
}

function passageRow(name: string, { sent, lost, delay }: Passage): string {
  const values = [sent, lost, delay?.p50 ?? '-', delay?.p95 ?? '-', delay?.p99 ?? '-', delay?.max ?? '-'];

  return `  ${name.padEnd(20)}${values.map((value) => String(value).padStart(10)).join('')}`;
}

function menuRows(menu: MenuReport): [string, Percentiles | undefined][] {
  return [
    ['answer -> first picture (video)', menu.firstPicture],
    ['key -> next page (video)', menu.nextPage],
    ['answer -> first prompt (voice)', menu.firstPrompt],
    ['key -> next prompt (voice)', menu.nextPrompt],
  ];
}

function moveRows(move: MoveReport): [string, Percentiles | undefined][] {
  return [
    ['silence while media go through the server', move.anchorGap],
    ['silence while media go end to end again', move.releaseGap],
    ['request -> through the server', move.anchor],
    ['request -> end to end again', move.release],
  ];
}

function row(name: string, p: Percentiles | undefined): string {
  const values = p ? [p.count, p.p50, p.p95, p.p99, p.max] : ['-', '-', '-', '-', '-'];

  return `  ${name.padEnd(46)}${values.map((value) => String(value).padStart(9)).join('')}`;
}
