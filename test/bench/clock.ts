/**
 * Microseconds of the machine's monotonic clock, the same in all processes. An offset to `performance.now()` would be shorter,
 * but the time between the two first calls would be in it, and differ from process to process.
 */
export function nowUs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1e6 + nanoseconds / 1_000;
}
