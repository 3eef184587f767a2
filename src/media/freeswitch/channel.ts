import type { EslEvent } from './esl-event';
import { isRefusal } from './esl-event';
import { SightlineError } from '../../lib/errors';
import type { EslLink } from './esl-link';

/** Commands to one channel of FreeSWITCH, and its events. */
export class Channel {
  private readonly listeners = new Set<(event: EslEvent) => void>();

  constructor(
    readonly uuid: string,
    private readonly link: EslLink,
  ) {}

  /** @throws MEDIA_GONE when the channel or the connection is gone, MEDIA_UNAVAILABLE for other refusals. */
  async run(command: string, rest = '', how: 'at-once' | 'background' = 'at-once'): Promise<string> {
    const line = `${command} ${this.uuid}${rest && ` ${rest}`}`;
    const answer = (await (how === 'at-once' ? this.link.api(line) : this.link.background(line))).trim();
    if (!isRefusal(answer)) return answer;
    const gone = /locate|no such channel|invalid uuid|invalid session/i.test(answer);

    throw new SightlineError(gone ? 'MEDIA_GONE' : 'MEDIA_UNAVAILABLE', `FreeSWITCH refused ${command}: ${answer}`);
  }

  /** Runs an application beside what the channel does. Resolves when it is on its way. */
  async execute(application: string, argument = ''): Promise<void> {
    await this.link.execute(this.uuid, application, argument);
  }

  /** Lets the channel run applications, one after another, whatever it does now. */
  async perform(...applications: string[]): Promise<void> {
    // The separator is one that paths do not have. Unless told, FreeSWITCH ends what it plays at a `*`.
    const all = ['set:playback_terminators=none', ...applications];
    await this.run('uuid_transfer', `'m:^:${all.join('^')}' inline`);
  }

  /** Returns a function that takes the listener away. */
  on(listener: (event: EslEvent) => void): () => void {
    this.listeners.add(listener);

    return () => this.listeners.delete(listener);
  }

  take(event: EslEvent): void {
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** Whether a path can stand in a command: quotes, separators and line ends would end it early. */
export function isPlainPath(path: string): boolean {
  return /^[^'"\\^\n\r\0{}!]+$/.test(path);
}

/** A path as one argument of a command. */
export function quoted(path: string): string {
  return `'${path}'`;
}
