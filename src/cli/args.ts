import { environmentHelp } from '../lib/config';

export type Command =
  | { name: 'serve' }
  | { name: 'sipd' }
  | { name: 'check' | 'simulate'; args: string[] }
  | { name: 'help' }
  | { name: 'version' }
  | { name: 'unknown'; word: string };

/** Reads the words behind `sightline`. Without any, the server is started. */
export function readCommand(words: readonly string[]): Command {
  const [word = 'serve', ...args] = words;
  switch (word) {
    case 'serve':
    case 'sipd':
      return { name: word };
    case 'check':
    case 'simulate':
      return { name: word, args };
    case 'help':
    case '--help':
    case '-h':
      return { name: 'help' };
    case 'version':
    case '--version':
      return { name: 'version' };
    default:
      return { name: 'unknown', word };
  }
}

export function helpText(): string {
  const width = Math.max(...environmentHelp.map(({ name }) => name.length));
  const settings = environmentHelp.map(({ name, help }) => `  ${name.padEnd(width)}  ${help}`);

  return [
    'sightline: SIP call routing with a video IVR',
    '',
    '  sightline serve          the server (also without a word)',
    '  sightline sipd           the embedded SIP server alone, so that the application can restart without dropping calls;',
    '                           point the application at it with DRACHTIO_URL',
    '  sightline check <site>   checks a dialplan: every fault with its file, line and remedy',
    '  sightline simulate <site>  plays a day of calls through the ranking of a dialplan; --help tells its options',
    '  sightline version',
    '',
    'Environment:',
    ...settings,
    '',
  ].join('\n');
}
