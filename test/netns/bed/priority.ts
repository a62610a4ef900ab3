/** Of what is measured: before all else that runs on the machine, so that its figures are those of the bottleneck. */
export const BENCH_PRIORITY = -10;

/** Of what measures, and takes next to no time for it. A probe that waits for the processor measures that. */
export const PROBE_PRIORITY = -20;

/**
 * What to write before a command to run it at a priority, -20 to 19. In a session of its own: where the kernel shares the
 * processor among sessions first, a priority counts inside of one only, and each has one itself.
 */
export function atPriority(priority: number): string[] {
  const script = '{ echo "$0" > /proc/self/autogroup; } 2> /dev/null; exec nice -n "$0" "$@"';
  return ['setsid', 'sh', '-c', script, String(priority)];
}
