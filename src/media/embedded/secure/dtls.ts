import { DtlsClient, DtlsServer, type DtlsSocket } from 'werift';
import type { Clock } from '../../../lib/clock';
import type { Certificate, Fingerprint } from './certificate';
import { distrust, TYPE } from './dtls-proof';
import { KEY_BYTES, SALT_BYTES, type MasterKey } from './srtp';

/** SRTP_AES128_CM_HMAC_SHA1_80 (RFC 5764 section 4.1.2): what every WebRTC end has. */
const PROFILE = 0x0001;
/** From the first packet to the keys. */
const DEADLINE_MS = 15_000;
/** Beyond every flight of a handshake: tells werift that nothing has to be sent again. */
const OVER = 99;

/** Messages that decide about keys: the first of each counts, or one who stands between could swap them after they were checked. */
const ONCE: ReadonlySet<number> = new Set([
  TYPE.serverHello,
  TYPE.certificate,
  TYPE.serverKeyExchange,
  TYPE.certificateRequest,
  TYPE.certificateVerify,
  TYPE.clientKeyExchange,
]);

export interface DtlsOptions {
  role: 'client' | 'server';
  certificate: Certificate;
  fingerprints: readonly Fingerprint[];
  clock: Clock;
  send(bytes: Buffer): void;
  onKeys(keys: { own: MasterKey; peer: MasterKey }): void;
  onFailed(reason: string): void;
}

/**
 * One handshake (RFC 5764), made by werift, for the keys of SRTP. Alerts have no effect: before the keys are there anyone can write one, and
 * after that the call's end is told by SIP.
 */
export class DtlsHandshake {
  private readonly socket: DtlsClient | DtlsServer;
  private receive: (bytes: Buffer) => void = () => undefined;
  private readonly seen = new Set<number>();
  private started = false;
  private state: 'open' | 'done' | 'closed' = 'open';
  private readonly cancelDeadline: () => void;

  constructor(private readonly options: DtlsOptions) {
    this.socket = this.makeSocket();
    this.guard();
    this.socket.onConnect.once(() => this.finish());
    this.cancelDeadline = options.clock.after(DEADLINE_MS, () => this.fail('the keys were not agreed in time (DTLS)'));
  }

  /** Sends the first message, where that is ours to do; twice is harmless. */
  start(): void {
    if (this.started || !(this.socket instanceof DtlsClient)) return;
    this.started = true;
    this.socket.connect().catch(() => this.fail('the peer does not answer (DTLS)'));
  }

  handle(bytes: Buffer): void {
    if (this.state === 'closed') return;
    try {
      this.receive(bytes);
    } catch {
      // A record that cannot be read counts as lost; the peer sends it again.
    }
  }

  close(): void {
    this.state = 'closed';
    this.cancelDeadline();
    this.socket.dtls.flight = OVER;
  }

  private makeSocket(): DtlsClient | DtlsServer {
    const { role, certificate, send } = this.options;
    const setReceiver = (receive: (bytes: Buffer) => void): void => {
      this.receive = receive;
    };
    const isOpen = (): boolean => this.state !== 'closed';
    const transport = {
      type: 'datagrams',
      address: { address: '', family: '', port: 0 },
      closed: false,
      set onData(receive: (bytes: Buffer) => void) {
        setReceiver(receive);
      },
      send: (bytes: Buffer): Promise<void> => {
        if (isOpen()) send(bytes);

        return Promise.resolve();
      },
      close: () => Promise.resolve(),
    };
    const { cert, key, signatureHash } = certificate;
    const common = { cert, key, signatureHash, transport, srtpProfiles: [PROFILE as 1], extendedMasterSecret: true };

    return role === 'client' ? new DtlsClient(common) : new DtlsServer({ ...common, certificateRequest: true });
  }

  private guard(): void {
    const pass = this.socket.onHandleHandshakes;
    const wanted = (type: number): boolean => {
      // A hello after the end would begin anew, with nobody to check it.
      if (this.state === 'done' && type === TYPE.clientHello) return false;
      if (!ONCE.has(type)) return true;
      if (this.seen.has(type)) return false;
      this.seen.add(type);

      return true;
    };
    this.socket.onHandleHandshakes = async (messages): Promise<void> => {
      if (this.state !== 'closed') await pass(messages.filter(({ msg_type }) => wanted(msg_type)));
    };
  }

  private finish(): void {
    if (this.state !== 'open') return;
    const { role, fingerprints } = this.options;
    const wrong = distrust(this.socket, role, fingerprints);
    if (wrong) return this.fail(`${wrong} (DTLS)`);
    if (this.socket.srtp.srtpProfile !== PROFILE)
      return this.fail('the peer has no profile of SRTP that we have (DTLS)');
    this.state = 'done';
    this.cancelDeadline();
    this.options.onKeys(keysOf(this.socket));
  }

  private fail(reason: string): void {
    if (this.state !== 'open') return;
    this.close();
    this.options.onFailed(reason);
  }
}

function keysOf(socket: DtlsSocket): { own: MasterKey; peer: MasterKey } {
  const keys = socket.extractSessionKeys(KEY_BYTES, SALT_BYTES) as Record<string, Buffer>;
  const part = (name: string): Buffer => Buffer.from(keys[name] ?? []);

  return {
    own: { key: part('localKey'), salt: part('localSalt') },
    peer: { key: part('remoteKey'), salt: part('remoteSalt') },
  };
}
