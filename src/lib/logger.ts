import pino from 'pino';

export type Logger = pino.Logger;

const secretNames = ['password', 'secret', 'apiToken', 'authorization', 'Authorization', 'ha1'];

/**
 * Fields that never reach a log, in what is logged itself and in objects up to two deep in it. `command.args` is what
 * ioredis hangs on its errors: the arguments of AUTH too. Passwords in URLs are taken out by `redactUrl`.
 */
const secrets = [...['', '*.', '*.*.'].flatMap((depth) => secretNames.map((name) => depth + name)), '*.command.args'];

export function createLogger(level: string, destination?: pino.DestinationStream): Logger {
  const options: pino.LoggerOptions = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secrets, censor: '[secret]' },
  };

  return destination ? pino(options, destination) : pino(options);
}

export const silentLogger: Logger = pino({ level: 'silent' });

/** A text with the passwords of all URLs in it taken out, for logs and error messages. */
export function redactUrl(text: string): string {
  return text.replace(/(:\/\/[^:@/\s]*:)[^/\s]*@/g, '$1***@');
}
