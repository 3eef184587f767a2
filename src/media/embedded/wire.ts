/**
 * One RTP session's way to its peer. What passes here is plain RTP and RTCP (RFC 3550); whatever protects it on the network (SDES, DTLS
 * and ICE) is inside. Lives in the worker.
 */
export interface Wire {
  /** Lines that describe our end in one m= section: `a=candidate`, `a=fingerprint`, `a=crypto`, `a=rtcp-mux`…; empty for plain RTP. */
  readonly attributes: readonly string[];
  /** Profile of the m= line: `RTP/AVP`, `RTP/SAVP`, `UDP/TLS/RTP/SAVPF`… */
  readonly protocol: string;
  /** Address and port of the c= and m= lines. */
  readonly address: string;
  readonly port: number;
  /** Takes in what the peer described of its end: the lines of the session and of the section, and where it wants media. */
  connect(remote: RemoteEnd): Promise<void>;
  onRtp(listener: (packet: Buffer) => void): void;
  onRtcp(listener: (packet: Buffer) => void): void;
  sendRtp(packet: Buffer): void;
  sendRtcp(packet: Buffer): void;
  /** The way is gone for good (DTLS closed, ICE failed). */
  onFailed(listener: (reason: string) => void): void;
  close(): Promise<void>;
}

export interface RemoteEnd {
  /** Lines of the session and of the section together, without line ends; those of the section last. */
  lines: readonly string[];
  protocol: string;
  address: string;
  port: number;
  /** RTCP elsewhere than at port + 1 (RFC 3605); with `a=rtcp-mux` at the same port. */
  rtcpPort?: number;
}
