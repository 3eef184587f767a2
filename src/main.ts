#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { startApp } from './app';
import { helpText, readCommand } from './cli/args';
import { runCheck } from './cli/check';
import { runSimulate } from './cli/simulate';
import { startStandaloneSipd } from './cli/sipd';
import { readConfig, type Config } from './lib/config';
import { SightlineError } from './lib/errors';
import { asListenFault } from './lib/listening';
import { createLogger, type Logger } from './lib/logger';
import { inProject } from './lib/paths';

/** How long a stop may take before the process leaves anyway, in ms. */
const stopLimitMs = 10_000;

interface Running {
  close(): Promise<void>;
}

async function main(words: readonly string[]): Promise<void> {
  const command = readCommand(words);
  switch (command.name) {
    case 'serve':
      return run(startApp);
    case 'sipd':
      return run(startStandaloneSipd);
    case 'check':
      process.exitCode = await runCheck(command.args, process);

      return;
    case 'simulate':
      process.exitCode = await runSimulate(command.args, process);

      return;
    case 'help':
      process.stdout.write(helpText());

      return;
    case 'version':
      process.stdout.write(`${version()}\n`);

      return;
    case 'unknown':
      process.stderr.write(`sightline: there is no command '${command.word}'\n\n${helpText()}`);
      process.exitCode = 2;
  }
}

/** Starts a server and stops it at the first SIGTERM or SIGINT; at the second the process leaves at once. */
async function run(start: (config: Config, log: Logger) => Promise<Running>): Promise<void> {
  const config = readConfig(process.env);
  const log = createLogger(config.logLevel);
  const stopped = new AbortController();
  // Until it is closed in order: timers of ours keep no process alive, and one that waits for nothing else would leave with code 0.
  const awake = setInterval(() => undefined, stopLimitMs);
  const starting = start(config, log).catch((error: unknown) => {
    throw asListenFault(error, config);
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopped.signal.aborted) process.exit(1);
      stopped.abort();
      log.info({ signal }, 'stopping');
      setTimeout(() => {
        log.error('the stop took too long; leaving anyway');
        process.exit(1);
      }, stopLimitMs).unref();
      void starting
        .then((running) => running.close())
        .then(() => log.info('stopped'))
        .finally(() => clearInterval(awake));
    });
  }
  await starting;
}

function version(): string {
  const text = readFileSync(inProject('package.json'), 'utf8');

  return (JSON.parse(text) as { version: string }).version;
}

// drachtio-srf looks into the environment for every header it reads; a plain object answers without asking the system.
process.env = { ...process.env };

main(process.argv.slice(2)).catch((error: unknown) => {
  // What the operator can mend is told in words; what only we can mend, with its stack.
  const words = error instanceof SightlineError && error.code !== 'INTERNAL' ? `sightline: ${error.message}` : error;
  console.error(words);
  process.exit(1);
});
