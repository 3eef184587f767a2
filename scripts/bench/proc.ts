import { readdirSync, readFileSync } from 'node:fs';

/** CPU time of one clock tick in µs: Linux counts in hundredths of a second on every platform Node runs on. */
const tickMicros = 10_000;
const pageKilobytes = 4;

export interface ProcessUse {
  name: string;
  cpuMicros: number;
  rssKb: number;
}

interface Stat {
  pid: number;
  parent: number;
  use: ProcessUse;
}

/** CPU time and memory of these processes and all below them, by pid. Processes that have gone are left out. */
export function processTree(roots: readonly number[]): Map<number, ProcessUse> {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readStat(Number(name)) ?? []);
  const found = new Map<number, ProcessUse>();
  let wanted = new Set(roots);
  while (wanted.size > 0) {
    const next = new Set<number>();
    for (const { pid, parent, use } of all) {
      if (wanted.has(pid)) found.set(pid, use);
      if (wanted.has(parent) && !found.has(pid)) next.add(pid);
    }
    wanted = next;
  }

  return found;
}

/** Fields of /proc/<pid>/stat, see proc(5): the name may hold blanks and brackets, so the rest is read from its end. */
function readStat(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const end = text.lastIndexOf(')');
    const fields = text.slice(end + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const name = text.slice(text.indexOf('(') + 1, end);

    return {
      pid,
      parent: Number(fields[1]),
      use: { name, cpuMicros: ticks * tickMicros, rssKb: Number(fields[21]) * pageKilobytes },
    };
  } catch {
    return undefined;
  }
}

/** Sums over a tree: in all, and by the name of the program. */
export function sum(tree: Map<number, ProcessUse>, member: 'cpuMicros' | 'rssKb'): Record<string, number> {
  const out: Record<string, number> = { all: 0 };
  for (const use of tree.values()) {
    out.all! += use[member];
    out[use.name] = (out[use.name] ?? 0) + use[member];
  }

  return out;
}

/** Datagrams that the kernel dropped because a socket's buffer was full, since the machine started. */
export function receiveBufferErrors(): number {
  const lines = readFileSync('/proc/net/snmp', 'latin1')
    .split('\n')
    .filter((line) => line.startsWith('Udp:'))
    .map((line) => line.split(' '));
  const column = lines[0]?.indexOf('RcvbufErrors') ?? -1;

  return Number(lines[1]?.[column] ?? 0);
}

/** Datagrams that the kernel dropped at each UDP port that is open now, since it was opened; see proc_net(5). */
export function udpDrops(): Map<number, number> {
  const drops = new Map<number, number>();
  for (const line of readFileSync('/proc/net/udp', 'latin1').split('\n').slice(1)) {
    const fields = line.trim().split(/\s+/);
    const port = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    if (port > 0) drops.set(port, (drops.get(port) ?? 0) + Number(fields[fields.length - 1]));
  }

  return drops;
}
