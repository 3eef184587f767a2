import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';

/** Numbers that lead to queues which ring several seats together. */
export const ringNumbers = { all: '6111', progressively: '6112', anchored: '6113' } as const;

const queues = {
  all: 'strategy: ring-all, ringTimeout: 10',
  progressively: 'strategy: ring-progressively, ringStep: 1, ringTimeout: 10',
  anchored: 'strategy: ring-all, ringTimeout: 10, recording: always, retention: 1',
};

/** The demo site with queues that ring all of their seats, served by those of the queue `support`. */
export async function ringSite(): Promise<{ folder: string; remove(): Promise<void> }> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
  const folder = path.join(root, 'rings');
  await cp(inProject('dialplans', 'demo'), folder, { recursive: true });
  const kinds = Object.keys(queues) as (keyof typeof queues)[];
  const lines = (line: (kind: keyof typeof queues) => string): string => `\n${kinds.map(line).join('\n')}\n`;
  const files: Record<string, string> = {
    'queues.yaml': lines((kind) => `ring-${kind}: { label: { en: A, de: A, zh: A }, wrapUp: 0, ${queues[kind]} }`),
    'flows.yaml': lines((kind) => `ring-${kind}: { queue: ring-${kind} }`),
    'numbers.yaml': lines((kind) => `"${ringNumbers[kind]}": { flow: ring-${kind} }`),
  };
  for (const [name, text] of Object.entries(files)) await appendFile(path.join(folder, name), text);
  const directory = path.join(folder, 'directory.yaml');
  const names = kinds.map((kind) => `ring-${kind}`).join(', ');
  const text = await readFile(directory, 'utf8');
  await writeFile(directory, text.replaceAll('queues: [support', `queues: [${names}, support`));

  return { folder, remove: () => rm(root, { recursive: true, force: true }) };
}
