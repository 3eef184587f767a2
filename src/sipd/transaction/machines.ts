import type { StateTable } from '../../lib/state-table';

/**
 * The four transactions of RFC 3261 section 17 with the corrections of RFC 6026, as tables. Timers appear by what their
 * end means: `timeout` is B, C, F, H; `over` is D, I, J, K, L, M. Inputs without an arrow are ignored by the callers.
 */

export type InviteClientState = 'calling' | 'proceeding' | 'accepted' | 'completed' | 'terminated';
export type InviteClientInput = 'provisional' | 'accepted' | 'rejected' | 'timeout' | 'fail' | 'over';

/** RFC 3261 figure 5, RFC 6026 figure 7. */
export const inviteClient: StateTable<InviteClientState, InviteClientInput> = {
  calling: {
    provisional: 'proceeding',
    accepted: 'accepted',
    rejected: 'completed',
    timeout: 'terminated',
    fail: 'terminated',
  },
  proceeding: {
    provisional: 'proceeding',
    accepted: 'accepted',
    rejected: 'completed',
    timeout: 'terminated',
    fail: 'terminated',
  },
  accepted: { accepted: 'accepted', over: 'terminated' },
  completed: { rejected: 'completed', over: 'terminated' },
  terminated: {},
};

export type ClientState = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type ClientInput = 'provisional' | 'final' | 'timeout' | 'fail' | 'over';

/** RFC 3261 figure 6. */
export const nonInviteClient: StateTable<ClientState, ClientInput> = {
  trying: { provisional: 'proceeding', final: 'completed', timeout: 'terminated', fail: 'terminated' },
  proceeding: { provisional: 'proceeding', final: 'completed', timeout: 'terminated', fail: 'terminated' },
  completed: { final: 'completed', over: 'terminated' },
  terminated: {},
};

export type InviteServerState = 'proceeding' | 'accepted' | 'completed' | 'confirmed' | 'terminated';
export type InviteServerInput = 'provisional' | 'accepted' | 'rejected' | 'ack' | 'timeout' | 'fail' | 'over';

/** RFC 3261 figure 7, RFC 6026 figure 5. */
export const inviteServer: StateTable<InviteServerState, InviteServerInput> = {
  proceeding: { provisional: 'proceeding', accepted: 'accepted', rejected: 'completed', fail: 'terminated' },
  accepted: { ack: 'accepted', fail: 'accepted', over: 'terminated' },
  completed: { ack: 'confirmed', timeout: 'terminated', fail: 'terminated' },
  confirmed: { ack: 'confirmed', over: 'terminated' },
  terminated: {},
};

export type ServerState = 'trying' | 'proceeding' | 'completed' | 'terminated';
export type ServerInput = 'provisional' | 'final' | 'timeout' | 'fail' | 'over';

/** RFC 3261 figure 8. `timeout` is ours: nobody waits for an answer any more once the client's Timer F has run out. */
export const nonInviteServer: StateTable<ServerState, ServerInput> = {
  trying: { provisional: 'proceeding', final: 'completed', timeout: 'terminated', fail: 'terminated' },
  proceeding: { provisional: 'proceeding', final: 'completed', timeout: 'terminated', fail: 'terminated' },
  completed: { over: 'terminated' },
  terminated: {},
};
