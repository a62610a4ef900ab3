const offsetUs = Number(process.hrtime.bigint()) / 1_000 - performance.now() * 1_000;

/** Microseconds of the machine's monotonic clock, the same in all processes. */
export function nowUs(): number {
  return performance.now() * 1_000 + offsetUs;
}
