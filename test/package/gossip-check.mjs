import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { start } from './commands.mjs';

/** What the example's handler prints for the event that `main.ts` makes it emit. */
const HANDLED = 'drop user:42';

/** A process of Nest may take seconds to start on a busy machine. */
const PATIENCE_MS = 60_000;

/** How long a second copy of the event is waited for: that none comes can only be waited for. */
const LATE_COPIES_MS = 1_000;

/** Runs two processes of the application, has one of them emit, and throws unless the other handled that exactly once. */
export async function checkGossip(directory) {
  const keys = `hex:${randomBytes(32).toString('hex')}`;
  // Any free port, and a key of our own: whoever else gossips on this machine stays out of this.
  const listener = new Process(directory, [], { GWYH_BIND: '127.0.0.1:0', GWYH_KEYS: keys });
  const [, address] = await listener.wrote(/gossips on (127\.0\.0\.1:\d+)/);
  const emitter = new Process(directory, ['emit'], { GWYH_BIND: '127.0.0.1:0', GWYH_KEYS: keys, GWYH_PEERS: address });
  await listener.wrote(new RegExp(`^${HANDLED}$`, 'm'));
  await delay(LATE_COPIES_MS);

  await Promise.all([listener.leave(), emitter.leave()]);
  const counts = [listener, emitter].map(({ output }) => output.split('\n').filter(line => line === HANDLED).length);
  if (counts[0] !== 1) throw new Error(`the handler ran ${counts[0]} times for one event.\n${listener.output}`);
  if (counts[1] !== 0) throw new Error(`the event came back to the process that emitted it.\n${emitter.output}`);
}

class Process {
  output = '';

  constructor(directory, parameters, environment) {
    const env = { ...process.env, ...environment, NO_COLOR: '1' };
    this.child = start(process.execPath, [join('dist', 'main.js'), ...parameters], { cwd: directory, env });
    this.child.stdout.on('data', chunk => (this.output += chunk));
    this.child.stderr.on('data', chunk => (this.output += chunk));
    this.ended = new Promise(resolve =>
      this.child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`)),
    );
    void this.ended.then(how => (this.howEnded = how));
  }

  /** Waits for output that matches. */
  async wrote(pattern) {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const match = pattern.exec(this.output);
      if (match !== null) return match;
      if (this.howEnded !== undefined) throw new Error(`a process ended with ${this.howEnded}:\n${this.output}`);
      if (performance.now() > deadline) {
        throw new Error(`a process did not write ${pattern} within ${PATIENCE_MS} ms, but:\n${this.output}`);
      }
      await delay(20);
    }
  }

  async leave() {
    this.child.kill('SIGTERM');
    const late = delay(PATIENCE_MS, 'still running', { ref: false });
    const how = await Promise.race([this.ended, late]);
    if (how !== 'SIGTERM') throw new Error(`a process did not leave on SIGTERM, but: ${how}\n${this.output}`);
  }
}
