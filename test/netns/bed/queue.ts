import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { monotonicMs } from '../../processes/clock.js';
import { atPriority, PROBE_PRIORITY } from './priority.js';

/** State of a queueing discipline; the counters run since it was made. */
export interface QueueSample {
  readonly atMs: number;
  /** Bytes that wait. */
  readonly backlog: number;
  /** Sent, with the headers of Ethernet and IP. */
  readonly bytes: number;
  readonly packets: number;
  readonly drops: number;
}

/** Time between two samples, ms. */
const SAMPLE_MS = 10;

/** Looks at a queue all the time. The kernel's own figures: no process that is late distorts them. */
export class QueueSampler {
  readonly samples: QueueSample[] = [];
  private readonly tc: ChildProcess;
  private readonly timer: NodeJS.Timeout;

  /** @param prefix what runs a command where the queue is. */
  constructor(prefix: readonly string[], device: string) {
    const [command, ...args] = [...prefix, ...atPriority(PROBE_PRIORITY), 'tc', '-s', '-j', '-batch', '-'];
    this.tc = spawn(command!, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface({ input: this.tc.stdout! }).on('line', line => {
      const [queue] = JSON.parse(line) as QueueSample[];
      const { backlog, bytes, packets, drops } = queue!;
      this.samples.push({ atMs: monotonicMs(), backlog, bytes, packets, drops });
    });
    this.timer = setInterval(() => void this.tc.stdin!.write(`qdisc show dev ${device}\n`), SAMPLE_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.tc.stdin!.end();
  }

  /** The samples taken from one moment to another, monotonic ms. */
  between(fromMs: number, toMs: number): QueueSample[] {
    return this.samples.filter(({ atMs }) => atMs >= fromMs && atMs <= toMs);
  }
}
