import { Phone, Wire, type Call, type PhoneOptions, type WireOptions } from '../../../scripts/phone';

/** Two phones on wires of their own that call each other without a server. */
export interface Pair {
  alice: Phone;
  bob: Phone;
  /** A call of alice to bob and bob's side of it, not yet answered. */
  dial(): Promise<{ caller: Call; callee: Call }>;
  /** The same, answered. */
  talk(): Promise<{ caller: Call; callee: Call }>;
  close(): Promise<void>;
}

export const quickTimers = { t1: 20, t2: 80, timeout: 1000, linger: 300 };

export async function openPair(
  options: { alice?: Partial<PhoneOptions>; bob?: Partial<PhoneOptions>; aliceWire?: WireOptions } = {},
): Promise<Pair> {
  const bobWire = await Wire.open({ timers: quickTimers });
  const aliceWire = await Wire.open({ timers: quickTimers, ...options.aliceWire });
  const server = { host: bobWire.host, port: bobWire.port };
  const alice = new Phone(aliceWire, { user: 'alice', domain: 'test', server, ...options.alice });
  const bob = new Phone(bobWire, { user: 'bob', domain: 'test', server, ...options.bob });
  const dial = async (): Promise<{ caller: Call; callee: Call }> => {
    const coming = bob.next('incoming');
    const caller = alice.invite('bob');

    return { caller, callee: (await coming)[0] };
  };

  return {
    alice,
    bob,
    dial,
    talk: async () => {
      const both = await dial();
      both.callee.answer();
      await Promise.all([both.caller.untilEstablished(), both.callee.untilEstablished()]);

      return both;
    },
    close: async () => {
      alice.close();
      bob.close();
      await Promise.all([aliceWire.close(), bobWire.close()]);
    },
  };
}
