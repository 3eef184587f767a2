import { answerCalls, serve } from './uas-sides';
import type { DrachtioServer } from './uas-options';

/** A process that `bench:uas` measures: `server`, or `application` with what it connects to as JSON. */
const [role, words = ''] = process.argv.slice(2);

if (role === 'application') answerCalls(JSON.parse(words) as DrachtioServer['control']);
else {
  serve().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  });
}
