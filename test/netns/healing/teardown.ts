import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { monotonicMs, pause } from '../../processes/clock.js';

const HANG_MS = 30_000;
const LOOK_EVERY_MS = 20;

/** Ends a process that holds namespaces in the middle of it. Returns how long they stayed, ms. */
export async function leftBehindMs(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): Promise<number> {
  const holder = fork(new URL('./holder.js', import.meta.url));
  const [{ namespaces }] = (await once(holder, 'message')) as [{ namespaces: string[] }];
  assert.ok(namespaces.length > 0, 'it holds namespaces');
  const pids = namespaces.flatMap(name =>
    execFileSync('ip', ['netns', 'pids', name], { encoding: 'utf8' }).split('\n'),
  );
  const inside = pids.filter(pid => pid !== '').map(Number);
  assert.equal(inside.length, 1, 'one process runs inside');
  const endedMs = monotonicMs();
  holder.kill(signal);
  await once(holder, 'exit');
  while (namespaces.some(exists) || inside.some(isAlive)) {
    assert.ok(monotonicMs() < endedMs + HANG_MS, `still there ${HANG_MS / 1_000} s after ${signal}: ${namespaces}`);
    await pause(LOOK_EVERY_MS);
  }
  return Math.round(monotonicMs() - endedMs);
}

function exists(name: string): boolean {
  return execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' }).includes(name);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
