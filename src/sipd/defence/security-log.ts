import { createWriteStream } from 'node:fs';
import { isIP } from 'node:net';
import type { Writable } from 'node:stream';
import type { Logger } from '../../lib/logger';
import { plainIp } from './sources';

/** A request whose credentials were wrong. What the client wrote may be anything. */
export interface AuthFailure {
  /** The address that the socket told. */
  source: string;
  method: string;
  user: string;
  domain: string;
}

/** Bytes that may wait for a slow disk; lines beyond are dropped and counted, the server goes on. */
const mostWaiting = 1_048_576;
const longest = 64;

/**
 * The lines that fail2ban's filter for FreeSWITCH looks for. A client has no say in them but for its user name and
 * domain, of which nothing is left that could end the brackets or the line.
 */
export class SecurityLog {
  private readonly out: Writable;
  private closing: Promise<void> | undefined;
  private isBroken = false;
  /** Lines that could not be written. */
  lost = 0;

  /**
   * @param target `stderr`, or the path of a file that is appended to
   * @param failed called once when the file cannot be written
   */
  constructor(
    private readonly target: string,
    failed: (error: Error) => void,
  ) {
    this.out = target === 'stderr' ? process.stderr : createWriteStream(target, { flags: 'a', mode: 0o640 });
    if (target === 'stderr') return;
    this.out.once('error', (error) => {
      this.isBroken = true;
      failed(error);
    });
    this.out.on('error', () => undefined);
  }

  authFailed(failure: AuthFailure, now: number): void {
    const line = authFailureLine(failure, now);
    if (line === undefined) return;
    if (this.isBroken || this.closing || this.out.writableLength > mostWaiting) this.lost += 1;
    else this.out.write(`${line}\n`);
  }

  /** Resolves when what was written is in the file. Twice is harmless. */
  close(): Promise<void> {
    if (this.target === 'stderr') return Promise.resolve();
    this.closing ??= new Promise((resolve) => {
      if (this.isBroken || this.out.destroyed) return resolve();
      this.out.once('close', () => resolve());
      this.out.end();
    });

    return this.closing;
  }
}

/** The log of this target, if there is one; a file that cannot be written is told of once. */
export function openSecurityLog(target: string | undefined, log: Logger): SecurityLog | undefined {
  if (target === undefined) return undefined;

  return new SecurityLog(target, (error) => {
    log.error({ err: error, file: target }, 'the security log cannot be written; fail2ban hears of nothing');
  });
}

/** One line without its end; undefined for a source that is no IP address, so that nothing else can get there. */
export function authFailureLine({ source, method, user, domain }: AuthFailure, now: number): string | undefined {
  const address = plainIp(source);
  if (isIP(address) === 0) return undefined;
  // The filter knows these two methods only.
  const shown = method === 'REGISTER' ? 'REGISTER' : 'INVITE';
  const who = `${harmless(user)}@${harmless(domain)}`;

  return `${localTime(now)} [WARNING] sofia_reg.c:1478 SIP auth failure (${shown}) on sofia profile 'internal' for [${who}] from ip ${address}`;
}

/** Neither blanks, brackets, quotes nor control characters; `@` stands between user and domain alone. */
function harmless(text: string): string {
  return text.slice(0, longest).replace(/[^A-Za-z0-9._~+-]/g, '?');
}

/** As FreeSWITCH writes it, and fail2ban reads it: the time of this machine, with microseconds. */
function localTime(now: number): string {
  const date = new Date(now);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, '0')}000`;
}
