/**
 * Every Redis key and channel of the project is made here and nowhere else. All keys of a site carry the same hash tag,
 * so that one script may touch them all, also in a Redis Cluster.
 *
 * Scripts that find out only while running which keys they need (the seat of a ticket, the queues of a seat) build them
 * by `src/store/lua/includes/keys.lua`; a test holds the two files together.
 */
export type Keys = ReturnType<typeof makeKeys>;

const siteName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function makeKeys(site: string) {
  if (!siteName.test(site)) throw new TypeError(`A site's name is made of letters, digits, '.', '_' and '-': ${site}`);
  const root = `sl:{${site}}:`;
  const at =
    (kind: string) =>
    (id: string): string =>
      `${root}${kind}:${id}`;

  return {
    site,
    /** What every key of the site begins with. */
    root,

    // acd: records and hashes of single things.
    ticket: at('ticket'),
    seat: at('seat'),
    queue: at('queue'),
    /** Bounded list of what happened to a ticket, newest last. */
    ticketHistory: at('history'),

    // acd: who stands where.
    /** Everybody in the queue, by enqueue time: those who wait, are offered, on hold or dropped. */
    line: at('line'),
    /** What a queue has learnt of itself, as JSON; see src/acd/learner.ts. */
    learnt: at('learnt'),
    /** Who served a customer: hash of `last`, `n:<seat>` for how often, `broke` and `brokeAt` after a talk that broke off. */
    regulars: at('regulars'),
    queues: `${root}queues`,
    seats: `${root}seats`,
    /** Terminal and resume key -> ticket. */
    resumes: `${root}resumes`,
    /** What falls due when: offers, graces, wrap-ups, rests, longest waits. */
    due: `${root}due`,
    sequence: `${root}sequence`,
    /** Counts the batches that changed something. */
    revision: `${root}revision`,
    /** The node that made the last of them, with a plus behind it if that was a draft. */
    by: `${root}by`,
    /** The batches that brought tickets in, by their revisions; see lua/includes/preempt.lua. */
    entered: `${root}entered`,
    /** Node -> end of its lease. */
    nodes: `${root}nodes`,
    /** The tickets that a node owns. */
    nodeTickets: at('node-tickets'),
    /** Tickets that wait for a redial or an adoption since a node of that name died. */
    orphans: at('orphans'),

    // calls: the record of each call, and which of them are under way on a node.
    call: at('call'),
    liveCalls: at('live-calls'),
    /** Ticket -> what is needed to call its person back, as JSON (src/calls/callback-rules.ts). */
    callback: at('callback'),

    /** The emergency message that was set at run time, as JSON. */
    emergency: `${root}emergency`,

    // registrar.
    /** Contacts of a user: hash of contact -> binding as JSON. */
    bindings: at('bindings'),
    /** When bindings expire: sorted set of `<user> <contact>` by ms. */
    bindingExpiry: `${root}binding-expiry`,
    /** The key that nonces are signed with. */
    nonceKey: `${root}nonce-key`,
    nonceCount: at('nonce-count'),

    // numbers. States and arrows are told in docs/numbers.md.
    /** One routing number: hash. */
    number: at('number'),
    /** What falls due when: numbers and, as `wait:<pool> <terminal>`, help requests that wait for one. */
    numbersDue: `${root}numbers-due`,
    /** Pool -> its range and times as JSON. */
    pools: `${root}pools`,
    /** Pool -> the first number that was not looked at since the range was set; those before it are in `poolFree`, or out. */
    poolCursors: `${root}pool-cursors`,
    /** Free numbers of a pool that were in use before, by the ms since which they are free. */
    poolFree: at('pool-free'),
    /** Numbers of a pool that are out, by the ms at which they are expected back. */
    poolOut: at('pool-out'),
    /** Terminals that wait for a number of a pool, in order. */
    poolLine: at('pool-line'),
    /** Terminal -> the help request that waits, as JSON. */
    poolRequests: at('pool-requests'),
    /** Unused leases of a terminal: hash of number -> request id. */
    leasesOf: at('leases-of'),

    // recording: the index; the truth is in the sidecars on the disk.
    /** A recording or a snapshot as JSON, the same as its sidecar. */
    recording: at('recording'),
    /** The ids of recordings or snapshots of the site, of a call, of a queue or of a seat, by their beginning in ms. */
    recordingsOf: (kind: string, by: string, id: string): string => `${root}${kind}s-of-${by}:${id}`,

    // Channels.
    nodeChannel: at('node'),
    /** Rows of what has changed, for every node. */
    changesChannel: `${root}changes`,
  } as const;
}
