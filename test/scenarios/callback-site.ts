import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';

/** Numbers that lead to queues which call people back in different ways; `heard` begins with a menu. */
export const callbackNumbers = { agentFirst: '6111', callerFirst: '6112', recorded: '6113', heard: '6114' } as const;

const queues = {
  agentFirst: { order: 'agent-first', recording: 'never' },
  callerFirst: { order: 'caller-first', recording: 'never' },
  recorded: { order: 'agent-first', recording: 'always' },
} as const;
type Kind = keyof typeof queues;

function nameOf(kind: Kind): string {
  return `back-${kind.toLowerCase()}`;
}

function queueLine(kind: Kind): string {
  const { order, recording } = queues[kind];
  const rest = 'wrapUp: 0, ringTimeout: 10, noAnswerDelay: 1, rejectDelay: 1, busyDelay: 1';
  const callback = `{ order: ${order}, attempts: 2, retryDelay: 1, ringTimeout: 3 }`;

  return `${nameOf(kind)}: { label: { en: Back, de: Back, zh: Back }, ${rest}, recording: ${recording}, callback: ${callback} }`;
}

/** Puts queues that call back into a copy of the demo site. All are served by 2001 and 2002. */
export async function addCallbackQueues(folder: string): Promise<void> {
  const kinds = Object.keys(queues) as Kind[];
  const append = (file: string, lines: string[]): Promise<void> =>
    appendFile(path.join(folder, file), `\n${lines.join('\n')}\n`);
  await append('queues.yaml', kinds.map(queueLine));
  await append('flows.yaml', [
    ...kinds.map((kind) => `${nameOf(kind)}: { queue: ${nameOf(kind)} }`),
    `back-heard: { menu: back, queue: ${nameOf('callerFirst')} }`,
  ]);
  await append('numbers.yaml', [
    ...kinds.map((kind) => `"${callbackNumbers[kind]}": { flow: ${nameOf(kind)} }`),
    `"${callbackNumbers.heard}": { flow: back-heard }`,
  ]);
  await writeFile(
    path.join(folder, 'menus', 'back.yaml'),
    [
      'start: home',
      'pages:',
      '  home:',
      '    title: { en: Back, de: Back, zh: Back }',
      '    items:',
      `      - { key: "1", label: { en: Wait, de: Wait, zh: Wait }, action: { queue: ${nameOf('callerFirst')} } }`,
      '',
    ].join('\n'),
  );
  const directory = path.join(folder, 'directory.yaml');
  const text = await readFile(directory, 'utf8');
  const all = kinds.map(nameOf).join(', ');
  await writeFile(directory, text.replaceAll('queues: [support, tickets', `queues: [${all}, support, tickets`));
}

/** The demo site with these queues, in a folder of its own. */
export async function callbackSite(): Promise<{ folder: string; remove(): Promise<void> }> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
  const folder = path.join(root, 'called-back');
  await cp(inProject('dialplans', 'demo'), folder, { recursive: true });
  await addCallbackQueues(folder);

  return { folder, remove: () => rm(root, { recursive: true, force: true }) };
}
