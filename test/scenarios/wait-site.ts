import { appendFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { inProject } from '../../src/lib/paths';

/** Numbers that lead to queues with one seat, 2101, or none at all, and what their rules do with those who wait. */
export const waitNumbers = {
  desk: '6111',
  /** The same queue, as an alarm. */
  alarm: '6112',
  /** The same queue behind a menu: 1 waits, 9 ends the call. */
  heard: '6113',
  /** After a second to the queue of the seat 2102. */
  slow: '6114',
  /** Whoever is not the first goes to `heard`. */
  short: '6115',
  /** After a second a message. */
  told: '6116',
  /** With nobody at work a callback, by the seat 2103. */
  lone: '6117',
} as const;

const everywhere = (text: string): string => `{ en: ${text}, de: ${text}, zh: ${text} }`;

const queues = {
  'wait-desk': 'wrapUp: 0',
  'wait-other': 'wrapUp: 0',
  'wait-slow': 'overflow: [{ when: { waited: 1 }, to: { queue: wait-other } }]',
  'wait-short': `overflow: [{ when: { waiting: 1 }, to: { number: "${waitNumbers.heard}" } }]`,
  'wait-told': `overflow: [{ when: { waited: 1 }, to: { message: ${everywhere('Gone home.')} } }]`,
  'wait-lone':
    'wrapUp: 0, callback: { order: caller-first }, overflow: [{ when: { empty: true }, to: { callback: true } }]',
};

const flows = {
  desk: 'queue: wait-desk',
  alarm: 'queue: wait-desk, class: alarm',
  heard: 'menu: wait, queue: wait-desk',
  slow: 'queue: wait-slow',
  short: 'queue: wait-short',
  told: 'queue: wait-told',
  lone: 'queue: wait-lone',
};

const seats = {
  '2101': 'wait-desk',
  '2102': 'wait-other',
  '2103': 'wait-lone',
  // Never registered.
  '2104': 'wait-slow, wait-short, wait-told',
};

const menu = [
  'start: home',
  'pages:',
  '  home:',
  `    title: ${everywhere('Wait')}`,
  '    items:',
  `      - { key: "1", label: ${everywhere('Wait')}, action: { queue: wait-desk } }`,
  `      - { key: "9", label: ${everywhere('End')}, action: { end: done } }`,
  '',
];

/** The demo site with these queues, in a folder of its own. */
export async function waitSite(): Promise<{ folder: string; remove(): Promise<void> }> {
  const root = await mkdtemp(path.join(os.tmpdir(), 'sightline-site-'));
  const folder = path.join(root, 'waits');
  await cp(inProject('dialplans', 'demo'), folder, { recursive: true });
  const append = (file: string, things: object, line: (name: string, value: string) => string): Promise<void> => {
    const lines = Object.entries(things).map(([name, value]) => line(name, value as string));

    return appendFile(path.join(folder, file), `\n${lines.join('\n')}\n`);
  };
  await append('queues.yaml', queues, (name, rest) => `${name}: { label: ${everywhere(name)}, ${rest} }`);
  await append('flows.yaml', flows, (name, rest) => `wait-${name}: { ${rest} }`);
  await append('numbers.yaml', waitNumbers, (flow, number) => `"${number}": { flow: wait-${flow} }`);
  // The seats are the last thing in this file.
  await append(
    'directory.yaml',
    seats,
    (id, of) => `  "${id}": { password: *seat, name: Seat ${id}, queues: [${of}] }`,
  );
  await writeFile(path.join(folder, 'menus', 'wait.yaml'), menu.join('\n'));

  return { folder, remove: () => rm(root, { recursive: true, force: true }) };
}
