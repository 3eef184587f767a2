/** Who decides what the transport reads at all. The addresses are those of the far ends, as the socket tells them. */
export interface TransportGuard {
  /**
   * Whether a message of this address is to be taken: asked before a datagram is read, and after each message of a stream.
   * @param datagram its bytes, as anybody may have written the address of one; missing for a stream
   */
  admits(address: string, datagram?: Buffer): boolean;
  /** Looks at a datagram before it is parsed. @throws SipSyntaxError for one that is too large to be read */
  inspect(bytes: Buffer): void;
  /** Whether a further connection of this address is to be taken; it is counted when it is. */
  opens(address: string): boolean;
  /** A connection that was taken has ended. */
  closed(address: string): void;
}

export const openDoor: TransportGuard = {
  admits: () => true,
  inspect: () => undefined,
  opens: () => true,
  closed: () => undefined,
};
