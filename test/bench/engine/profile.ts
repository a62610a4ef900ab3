import { type Profiler, Session } from 'node:inspector/promises';

/** Between two samples, µs. */
const INTERVAL_US = 200;

/** Where time goes, by part of the code: shares of what was busy. */
export type TimeShares = Readonly<Record<string, number>>;

/** Runs `work` under the profiler of V8 and sums the samples up by part. */
export async function profile(work: () => Promise<void>): Promise<TimeShares> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL_US });
  await session.post('Profiler.start');
  await work();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  return sharesOf(profile);
}

function sharesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): TimeShares {
  const parts = new Map(nodes.map(node => [node.id, partOf(node.callFrame)]));
  const times = new Map<string, number>();
  let total = 0;
  for (const [i, id] of samples.entries()) {
    const part = parts.get(id)!;
    if (part === 'idle' || part === 'bench') continue;
    const us = timeDeltas[i]!;
    times.set(part, (times.get(part) ?? 0) + us);
    total += us;
  }
  const shares = [...times]
    .sort((a, b) => b[1] - a[1])
    .map(([part, us]) => [part, Math.round((1_000 * us) / total) / 1_000]);
  return Object.fromEntries(shares) as TimeShares;
}

function partOf({ functionName, url }: { functionName: string; url: string }): string {
  if (functionName === '(idle)') return 'idle';
  if (functionName === '(garbage collector)') return 'garbage collector';
  const ours = /\/lib\/(nest|runtime|engine\/[a-z]+)\//.exec(url) ?? /\/lib\/(engine)\//.exec(url);
  if (ours !== null) return ours[1]!;
  if (url.includes('/test/bench/')) return 'bench';
  if (url.includes('sodium-native')) return 'libsodium';
  if (url.includes('/node_modules/')) return 'packages';
  return 'runtime of JavaScript';
}
