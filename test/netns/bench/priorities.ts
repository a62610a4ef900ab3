/** Of what is measured: before all else that runs on the machine, so that its figures are those of the bottleneck. */
export const BENCH_PRIORITY = -10;

/** Of what measures, and takes next to no time for it. A probe that waits for the processor measures that. */
export const PROBE_PRIORITY = -20;
