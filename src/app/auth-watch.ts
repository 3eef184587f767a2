import { systemClock } from '../lib/clock';
import { openSecurityLog } from '../sipd/defence/security-log';
import type { AuthFailure, SecurityLog } from '../sipd/defence/security-log';
import type { Sipd } from '../sipd/server';
import type { Base } from './base';

/** Who is to know of wrong and right credentials: fail2ban, and the SIP server in this process if there is one. */
export class AuthWatch {
  private readonly lines: SecurityLog | undefined;
  private defence: Sipd['defence'] | undefined;

  constructor({ config, log, closer }: Base) {
    const lines = openSecurityLog(config.securityLog, log);
    if (lines) closer.add('security log', () => lines.close());
    this.lines = lines;
  }

  /** `sightline sipd` reads from our answers what is told here; a drachtio-server bans nobody. */
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
