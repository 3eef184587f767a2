import { existsSync } from 'node:fs';
import path from 'node:path';

/** The folder that holds package.json: the same whether the code runs from src/ or from dist/src/. */
export const projectRoot = findRoot(__dirname);

function findRoot(start: string): string {
  for (let dir = start; ; dir = path.dirname(dir)) {
    if (existsSync(path.join(dir, 'package.json'))) return dir;
    if (dir === path.dirname(dir)) throw new Error(`No package.json above ${start}`);
  }
}

/** A path inside the project, e.g. `inProject('src', 'acd', 'lua')`. */
export function inProject(...parts: string[]): string {
  return path.join(projectRoot, ...parts);
}
