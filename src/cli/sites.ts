import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { siteNames } from '../dialplan/files';
import { inProject } from '../lib/paths';

/** Which sites there are, for somebody who named none of them. */
export async function sitesHint(): Promise<string> {
  const sites = await siteNames(inProject('dialplans'));

  return sites.length > 0 ? `Sites here: ${sites.join(', ')}.\n` : '';
}

/** A folder that is there wins over a site of that name. */
export function siteFolder(site: string, cwd: string): string {
  const folder = path.resolve(cwd, site);
  const isFolder = existsSync(folder) && statSync(folder).isDirectory();

  return isFolder || site.includes('/') || site.includes(path.sep) ? folder : inProject('dialplans', site);
}

/** The folder as the person at the command line would write it. */
export function shownPath(folder: string, cwd: string): string {
  const relative = path.relative(cwd, folder);

  return relative === '' ? '.' : relative.startsWith('..') ? folder : relative;
}
