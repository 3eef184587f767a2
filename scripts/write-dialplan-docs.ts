import { readFileSync, writeFileSync } from 'node:fs';
import { schemaFiles, withTables } from '../src/dialplan/docs';
import { inProject } from '../src/lib/paths';

/**
 * Writes dialplans/schema/*.json and the tables of dialplans/README.md from the schemas in src/dialplan.
 * Run: npm run build && node dist/scripts/write-dialplan-docs.js
 */
for (const [file, text] of schemaFiles()) writeFileSync(inProject('dialplans', 'schema', file), text);
const readme = inProject('dialplans', 'README.md');
writeFileSync(readme, withTables(readFileSync(readme, 'utf8')));
