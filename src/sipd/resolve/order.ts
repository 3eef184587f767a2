import type { SrvRecord } from 'node:dns';

/**
 * The order in which SRV records are tried (RFC 2782): the lowest priority first, and within one priority by lot, where a
 * record's weight is its share of the lots. Weight 0 is drawn only rarely while others have more.
 * @param random from 0 up to, but not including, 1
 */
export function orderByWeight(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);

  return priorities.flatMap((priority) =>
    draw(
      records.filter((record) => record.priority === priority),
      random,
    ),
  );
}

function draw(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  // The records of weight 0 stand first, so that only a lot of 0 hits them.
  const left = [...records].sort((a, b) => Number(a.weight > 0) - Number(b.weight > 0));
  const drawn: SrvRecord[] = [];
  while (left.length > 0) {
    const total = left.reduce((sum, { weight }) => sum + weight, 0);
    // RFC 2782 draws from 0 to the sum, both included.
    let lot = Math.floor(random() * (total + 1));
    const at = left.findIndex(({ weight }) => (lot -= weight) <= 0);
    drawn.push(...left.splice(Math.max(at, 0), 1));
  }

  return drawn;
}
