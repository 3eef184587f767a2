import { spawn, type ChildProcess } from 'node:child_process';
import { systemClock } from '../../lib/clock';
import { SightlineError } from '../../lib/errors';

/** Words a minute: slower than espeak-ng's own 175, since people listen on a telephone in a noisy hall. */
const wordsPerMinute = 150;
/** A prompt is a few sentences; what takes longer than this hangs. */
const limitMs = 10_000;

/**
 * Runs espeak-ng: writes what it says to a WAV file.
 *
 * @returns a promise that rejects MEDIA_UNAVAILABLE when espeak-ng is missing, fails or hangs, and the process, for ending it.
 */
export function espeak(
  command: string,
  request: { text: string; voice: string; file: string },
): { child: ChildProcess; done: Promise<void> } {
  const { text, voice, file } = request;
  // The text goes in by stdin, so that none can be taken for an option.
  const args = ['-v', voice, '-s', String(wordsPerMinute), '-b', '1', '-w', file, '--stdin'];
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'pipe'] });
  const stop = systemClock.after(limitMs, () => child.kill('SIGKILL'));
  const done = new Promise<void>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-500);
    });
    // It may end before it has read everything; its exit code tells the rest.
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => reject(unavailable(`espeak-ng cannot be run: ${error.message}`, error)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve();
      else reject(unavailable(`espeak-ng ended with ${signal ?? code}: ${said.trim()}`));
    });
  });
  child.stdin.end(text);

  return { child, done: done.finally(stop) };
}

function unavailable(detail: string, cause?: unknown): SightlineError {
  return new SightlineError('MEDIA_UNAVAILABLE', detail, { cause });
}
