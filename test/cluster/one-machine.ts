import type { PathModel } from '../../lib/testing/path-model.js';
import type { SeededRandom } from '../../lib/testing/seeded-random.js';
import { DATAGRAM_OVERHEAD_BYTES, RECEIVE_BUFFER_BYTES } from '../../lib/testing/socket-backlog.js';
import type { BusyProcess } from './busy-process.js';

/** One way between two processes of one machine, ms: some microseconds, and the turn of the event loop that waits. */
const LATENCY_MS = 0.05;
const MOST_JITTER_MS = 0.1;

/** Hosts that are sockets of a few processes. Whatever waits for a process waits in its sockets, as much as fits. */
export class OneMachine implements PathModel {
  private readonly sockets: Socket[] = [];

  constructor(private readonly random: SeededRandom) {}

  /** From now on a host is a socket of this process. */
  open(host: number, process: BusyProcess): void {
    this.sockets[host] = new Socket(process);
  }

  arrival(_from: number, _to: number, _bytes: number, now: number): number {
    return now + LATENCY_MS + MOST_JITTER_MS * this.random.unit();
  }

  received(host: number, bytes: number, now: number): number {
    return this.sockets[host]!.receive(bytes, now);
  }
}

class Socket {
  /** What waits, in the order of arrival: its bytes in the buffer, and when it is handled. */
  private readonly waiting: { readonly bytes: number; readonly until: number }[] = [];
  private bytes = 0;

  constructor(private readonly process: BusyProcess) {}

  /** When the datagram is handled; Infinity when the buffer is full and it is lost. */
  receive(length: number, now: number): number {
    while (this.waiting.length > 0 && this.waiting[0]!.until <= now) this.bytes -= this.waiting.shift()!.bytes;
    const bytes = length + DATAGRAM_OVERHEAD_BYTES;
    if (this.bytes + bytes > RECEIVE_BUFFER_BYTES) return Infinity;
    const until = this.process.receive(now);
    this.waiting.push({ bytes, until });
    this.bytes += bytes;
    return until;
  }
}
