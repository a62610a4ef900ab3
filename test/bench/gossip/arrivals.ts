import { decodeProbe } from './probe.js';

/** What some nodes received of one run. Times are microseconds of the clock that all processes of a machine share. */
export interface ArrivalReport {
  /** Of each node: how many different messages, and when the last of them came; 0 when none did. */
  readonly received: readonly number[];
  readonly lastAtUs: readonly number[];
  /** Messages that a node was handed more than once. */
  readonly duplicates: number;
  /** Of all messages at all nodes, from the sender's call to the receiver's. */
  readonly latenciesUs: readonly number[];
}

/** Counts and times the probes that the nodes of a process receive, run by run. */
export class Arrivals {
  private run = -1;
  private messages = 0;
  private seen = new Uint8Array(0);
  private received: number[] = [];
  private lastAtUs: number[] = [];
  private duplicates = 0;
  private latenciesUs: number[] = [];

  constructor(private readonly nodes: number) {}

  /** Forgets the run before. */
  begin(run: number, messages: number): void {
    this.run = run;
    this.messages = messages;
    this.seen = new Uint8Array(this.nodes * messages);
    this.received = Array.from({ length: this.nodes }, () => 0);
    this.lastAtUs = Array.from({ length: this.nodes }, () => 0);
    this.duplicates = 0;
    this.latenciesUs = [];
  }

  /** A node received a probe. */
  add(node: number, payload: Uint8Array, nowUs: number): void {
    const { run, sequence, sentAtUs } = decodeProbe(payload);
    if (run !== this.run) return;
    const at = node * this.messages + sequence;
    if (this.seen[at]! > 0) {
      this.duplicates++;
      return;
    }
    this.seen[at] = 1;
    this.received[node]!++;
    this.lastAtUs[node] = nowUs;
    this.latenciesUs.push(nowUs - sentAtUs);
  }

  /** How many messages came so far, over all nodes. */
  get count(): number {
    return this.latenciesUs.length;
  }

  report(): ArrivalReport {
    const { received, lastAtUs, duplicates, latenciesUs } = this;
    return { received, lastAtUs, duplicates, latenciesUs };
  }
}
