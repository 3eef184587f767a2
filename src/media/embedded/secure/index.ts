import { attribute } from '../../sdp/document';
import type { MediaSecurity } from '../../port';
import type { RemoteEnd } from '../wire';
import { DtlsWires } from './dtls-wires';
import { SdesWires } from './sdes-wire';
import type { SecureWires, SecureWiresOptions } from './types';

export type { EngineSocket, SecureSection, SecureWire, SecureWires, SecureWiresOptions } from './types';

/** How a peer's section wants to be secured. A key or fingerprint in a section of a plain profile is only a wish, and is not met. */
export function securityOf(remote: Pick<RemoteEnd, 'lines' | 'protocol'>): MediaSecurity {
  if (!/SAVPF?$/i.test(remote.protocol)) return 'none';
  const dtls = /^UDP\/TLS\//i.test(remote.protocol) || attribute(remote.lines, 'fingerprint') !== undefined;

  return dtls ? 'dtls' : 'sdes';
}

/**
 * Opens the wires of one endpoint. @throws SightlineError MEDIA_MISMATCH when an offer cannot be met, MEDIA_UNAVAILABLE without a free port;
 * then nothing is left open.
 */
export function createSecureWires(options: SecureWiresOptions): Promise<SecureWires> {
  return options.security === 'dtls' ? DtlsWires.open(options) : SdesWires.open(options);
}
