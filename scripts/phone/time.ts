/**
 * Milliseconds (with fractions) of the machine's monotonic clock. It is the same for every process of the machine, so
 * that steps of several processes can be merged by it; performance.now() starts at zero in each.
 */
export function monotonic(): number {
  const [seconds, nanoseconds] = process.hrtime();

  return seconds * 1000 + nanoseconds / 1e6;
}
