import { performance } from 'node:perf_hooks';

// The kernel's monotonic clock is the same for every process of the machine, so steps of several processes can be
// merged by it; performance.now() alone starts at zero in each process.
const offset = Number(process.hrtime.bigint()) / 1e6 - performance.now();

/** Milliseconds (with fractions) of the machine's monotonic clock. */
export function monotonic(): number {
  return offset + performance.now();
}
