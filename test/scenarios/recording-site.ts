import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';

/** Numbers that lead to queues which record in different ways. */
export const numbers = { always: '6101', byAgent: '6102', byRequest: '6103', never: '6104' } as const;

const policies = { always: 'always', byAgent: 'by-agent', byRequest: 'by-request', never: 'never' } as const;

/** The demo site with a queue for each way of recording, all served by 2001 and 2002. */
export async function recordingSite(): Promise<{ folder: string; remove(): Promise<void> }> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
  const folder = path.join(root, 'recorded');
  await cp(inProject('dialplans', 'demo'), folder, { recursive: true });
  const kinds = Object.keys(policies) as (keyof typeof policies)[];
  const lines = (line: (kind: keyof typeof policies) => string): string => `\n${kinds.map(line).join('\n')}\n`;
  const queue = (kind: string): string => `rec-${kind.toLowerCase()}`;
  await appendFile(
    path.join(folder, 'queues.yaml'),
    lines(
      (kind) =>
        `${queue(kind)}: { label: { en: A, de: A, zh: A }, wrapUp: 0, recording: ${policies[kind]}, retention: 7 }`,
    ),
  );
  await appendFile(
    path.join(folder, 'flows.yaml'),
    lines((kind) => `${queue(kind)}: { queue: ${queue(kind)} }`),
  );
  await appendFile(
    path.join(folder, 'numbers.yaml'),
    lines((kind) => `"${numbers[kind]}": { flow: ${queue(kind)} }`),
  );
  const directory = path.join(folder, 'directory.yaml');
  const all = kinds.map(queue).join(', ');
  const text = await readFile(directory, 'utf8');
  await writeFile(directory, text.replaceAll('queues: [support, tickets', `queues: [${all}, support, tickets`));

  return { folder, remove: () => rm(root, { recursive: true, force: true }) };
}
