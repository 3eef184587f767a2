import { parentPort, workerData } from 'node:worker_threads';
import { asSightlineError } from '../../../lib/errors';
import { createLogger, type Logger } from '../../../lib/logger';
import type { Command, FromWorker, Reply, WorkerSettings } from '../protocol';
import { Handler } from './handler';

/** So many faults in so short a time (milliseconds) mean that nothing can be relied on here any more. */
const FAULTS_AT_MOST = 20;
const FAULT_WINDOW = 10_000;

/** The worker thread: takes commands one by one as they come, answers each, and tells events. */
function main(): void {
  const port = parentPort;
  if (!port) throw new Error('This file is started as a worker thread');
  const { logLevel, ...settings } = workerData as WorkerSettings;
  const tell = (message: FromWorker): void => port.postMessage(message);
  const log = createLogger(logLevel, { write: (line: string) => tell({ event: 'log', line }) });
  const handler = new Handler({ ...settings, logLevel }, tell, log);
  surviveFaults(log);
  port.on('message', (command: Command) => {
    void run(handler, command).then((reply) => {
      if ('error' in reply && reply.error.code === 'INTERNAL')
        log.error({ op: command.op, reply }, 'a media command failed');
      tell(reply);
      // What was sent last still goes out; then nothing keeps the thread.
      if (command.op === 'close') port.close();
    });
  });
}

/** A fault in a timer or a socket of one call, its own code or a package's, is told and does not end the others. */
function surviveFaults(log: Logger): void {
  let since = 0;
  let faults = 0;
  process.on('uncaughtException', (error) => {
    const now = Date.now();
    if (now - since > FAULT_WINDOW) [since, faults] = [now, 0];
    log.error({ err: error }, 'a fault in the media worker');
    if (++faults > FAULTS_AT_MOST) process.exit(1);
  });
}

async function run(handler: Handler, { id, op, args }: Command): Promise<Reply> {
  try {
    return { id, result: await handler.handle(op, args) };
  } catch (thrown) {
    const error = asSightlineError(thrown);
    const cause = error.cause instanceof Error ? `: ${error.cause.stack ?? error.cause.message}` : '';

    return {
      id,
      error: { code: error.code, message: error.code === 'INTERNAL' ? `${error.message}${cause}` : error.message },
    };
  }
}

main();
