import { systemClock } from '../lib/clock';
import { SecurityLog } from '../sipd/defence/security-log';
import type { AuthFailure } from '../sipd/defence/security-log';
import type { Sipd } from '../sipd/server';
import type { Base } from './base';

/** Who is to know of wrong and right credentials: fail2ban, and the SIP server in this process if there is one. */
export class AuthWatch {
  private readonly lines: SecurityLog | undefined;
  private defence: Sipd['defence'] | undefined;

  constructor({ config, log, closer }: Base) {
    const { securityLog } = config;
    if (securityLog === undefined) return;
    const lines = new SecurityLog(securityLog, (error) => {
      log.error({ err: error, file: securityLog }, 'the security log cannot be written; fail2ban hears of nothing');
    });
    closer.add('security log', () => lines.close());
    this.lines = lines;
  }

  /** A drachtio-server has bans of its own, or none: then only fail2ban and the registrar's throttle are left. */
  use(defence: Sipd['defence']): void {
    this.defence = defence;
  }

  failed(failure: AuthFailure): void {
    this.lines?.authFailed(failure, systemClock.now());
    this.defence?.authFailed(failure.source);
  }

  succeeded(source: string): void {
    this.defence?.authSucceeded(source);
  }
}
