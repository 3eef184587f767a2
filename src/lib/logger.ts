import pino from 'pino';

export type Logger = pino.Logger;

/** Fields that never reach a log, wherever they stand. Passwords in URLs are taken out by `redactUrl`. */
const secrets = ['password', 'secret', 'authorization', 'ha1', '*.password', '*.secret', '*.authorization', '*.ha1'];

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

/** A URL as text without its password, for logs and error messages. */
export function redactUrl(url: string): string {
  return url.replace(/(:\/\/[^:@/]*:)[^@/]*@/, '$1***@');
}
