import { randomInt } from 'node:crypto';
import { isIPv6 } from 'node:net';

/**
 * The o= line under which we speak on one leg (RFC 8866 section 5.2): `o=- <id> <version> IN IP4|IP6 <host>`. It belongs to the leg,
 * not to the session description that is passed on: whatever a leg is shown, it sees one origin whose version only rises
 * (RFC 3264 section 8). Plain data, so it can lie in the record of a call.
 */
export interface Origin {
  /** Decimal digits, the same for the life of the leg. */
  readonly id: string;
  /** Rises by one with each description that differs from the one before. */
  readonly version: number;
  /** An address, or a host name. */
  readonly host: string;
}

/** The origin for a new leg. */
export function newOrigin(host: string): Origin {
  return { id: String(randomInt(1, 2 ** 47)), version: 1, host };
}

/** The origin for the next description on the same leg. */
export function bumped(origin: Origin): Origin {
  return { ...origin, version: origin.version + 1 };
}

/** @throws TypeError when the origin would make a line that is no SDP: a fault of ours, not of a peer. */
export function originLine(origin: Origin): string {
  const { id, version } = origin;
  if (!/^\d{1,20}$/.test(id) || !Number.isSafeInteger(version) || version < 0) {
    throw new TypeError(`An SDP origin needs a decimal id and a version, not ${id} ${version}`);
  }

  return `o=- ${id} ${version} ${addressOf(origin)}`;
}

/** The connection line that goes with an origin. */
export function connectionLine(origin: Origin): string {
  return `c=${addressOf(origin)}`;
}

function addressOf(origin: Origin): string {
  const host = origin.host.replace(/^\[(.*)\]$/, '$1');
  if (!/^[!-~]+$/.test(host)) throw new TypeError(`An SDP origin needs a host, not '${origin.host}'`);

  return `IN ${isIPv6(host) ? 'IP6' : 'IP4'} ${host}`;
}
