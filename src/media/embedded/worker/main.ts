import { parentPort, workerData } from 'node:worker_threads';
import { asSightlineError } from '../../../lib/errors';
import { createLogger } from '../../../lib/logger';
import type { Command, FromWorker, Reply, WorkerSettings } from '../protocol';
import { Handler } from './handler';

/** The worker thread: takes commands one by one as they come, answers each, and tells events. */
function main(): void {
  const port = parentPort;
  if (!port) throw new Error('This file is started as a worker thread');
  const { logLevel, ...settings } = workerData as WorkerSettings;
  const tell = (message: FromWorker): void => port.postMessage(message);
  const log = createLogger(logLevel, { write: (line: string) => tell({ event: 'log', line }) });
  const handler = new Handler({ ...settings, logLevel }, tell, log);
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
