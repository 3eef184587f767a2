import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { faultLine, type Fault } from '../../../src/dialplan/faults';
import { loadSite } from '../../../src/dialplan/load';
import type { Plan } from '../../../src/dialplan/model';
import { inProject } from '../../../src/lib/paths';

export const testData = inProject('test', 'data', 'dialplan');

/** A folder of its own that holds the good site, changed by the files of a fixture. */
export async function siteWith(fixture?: string): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'site-'));
  await cp(path.join(testData, 'good'), folder, { recursive: true });
  if (fixture === undefined) return folder;
  const overlay = path.join(testData, 'faults', fixture);
  const removed = await readFile(path.join(overlay, 'remove.txt'), 'utf8').catch(() => '');
  for (const name of removed.split('\n').filter(Boolean)) await rm(path.join(folder, name));
  const notes = new Set(['remove.txt', 'expected.txt']);
  await cp(overlay, folder, { recursive: true, filter: (source) => !notes.has(path.basename(source)) });

  return folder;
}

/** Copies of the good site that are taken away together. */
export class GoodSites {
  private readonly made: string[] = [];

  async folder(): Promise<string> {
    const folder = await siteWith();
    this.made.push(folder);

    return folder;
  }

  async remove(): Promise<void> {
    await Promise.all(this.made.splice(0).map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

/** The plan of a site that has no fault. */
export async function planIn(folder: string, env = {}): Promise<Plan> {
  const { plan, faults } = await loadSite(folder, { env });
  expect(faults).toEqual([]);

  return plan!;
}

/** Faults as they are kept in expected.txt: the line, and the remedy indented. */
export function told(faults: readonly Fault[]): string {
  return faults.map((fault) => `${faultLine(fault)}\n    ${fault.remedy}\n`).join('');
}
