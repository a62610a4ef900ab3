import { setTimeout as delay } from 'node:timers/promises';

/** Time between two looks: short enough not to slow the demo down, long enough not to disturb what it measures. */
const LOOK_AGAIN_MS = 15;

/** Looks again and again until there is something to see. Undefined when there is still nothing after `timeoutMs`. */
export async function waitUntil<T>(
  look: () => Promise<T | undefined>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<T | undefined> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined || performance.now() >= deadline) return seen;
    await delay(LOOK_AGAIN_MS, undefined, { signal });
  }
}
