import type { Operation } from '../engine/operation.js';

/** The operation with extra work: a share of the time that each run took. For the proof that the guard alarms. */
export function slowed(operation: Operation, share: number): Operation {
  return {
    name: operation.name,
    what: operation.what,
    count: operation.count,
    prepare: () => operation.prepare?.(),
    run() {
      const startedAt = performance.now();
      const running = operation.run();
      if (running === undefined) return work(share, startedAt);
      return running.then(() => work(share, startedAt));
    },
    cleanUp: () => operation.cleanUp?.(),
  };
}

/** Works for this share of what has passed since then. */
function work(share: number, startedAt: number): void {
  const now = performance.now();
  const until = now + share * (now - startedAt);
  while (performance.now() < until);
}
