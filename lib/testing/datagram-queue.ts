import type { Host } from './host.js';

/** Datagrams there is room for at first; doubles as needed. */
const INITIAL_CAPACITY = 1_024;

/**
 * Datagrams on their way, soonest first, those of the same instant in the order of sending. A binary heap in typed columns:
 * a large simulation has millions of them, and an object, a closure and a timer for each would cost more than all the rest
 * of the network.
 */
export class DatagramQueue {
  /** What `shift` returned last. */
  from: Host | undefined;
  to: Host | undefined;
  datagram: Uint8Array | undefined;
  /** Whether its receiver has been busy with it already. */
  isReceived = false;

  length = 0;
  private times = new Float64Array(INITIAL_CAPACITY);
  private orders = new Float64Array(INITIAL_CAPACITY);
  private slots = new Int32Array(INITIAL_CAPACITY);
  private order = 0;
  /** By slot: what the heap only points to, so that moving an entry moves three numbers. */
  private readonly senders: (Host | undefined)[] = [];
  private readonly receivers: (Host | undefined)[] = [];
  private readonly datagrams: (Uint8Array | undefined)[] = [];
  private readonly received: boolean[] = [];
  private readonly free: number[] = [];

  /** When the next one is due; Infinity when there is none. */
  deadline(): number {
    return this.length === 0 ? Infinity : this.times[0]!;
  }

  push(at: number, from: Host, to: Host, datagram: Uint8Array, isReceived: boolean): void {
    if (this.length === this.times.length) this.grow();
    const slot = this.free.pop() ?? this.senders.length;
    this.senders[slot] = from;
    this.receivers[slot] = to;
    this.datagrams[slot] = datagram;
    this.received[slot] = isReceived;
    this.rise(this.length++, at, this.order++, slot);
  }

  /** Takes the next one out, into the fields above. */
  shift(): void {
    const slot = this.slots[0]!;
    this.from = this.senders[slot];
    this.to = this.receivers[slot];
    this.datagram = this.datagrams[slot];
    this.isReceived = this.received[slot]!;
    this.senders[slot] = this.receivers[slot] = this.datagrams[slot] = undefined;
    this.free.push(slot);
    const last = --this.length;
    if (last > 0) this.sink(this.times[last]!, this.orders[last]!, this.slots[last]!);
  }

  private rise(from: number, at: number, order: number, slot: number): void {
    const { times, orders, slots } = this;
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      // A new entry is the latest of its instant: only an earlier time takes it up.
      if (times[above]! <= at) break;
      times[position] = times[above]!;
      orders[position] = orders[above]!;
      slots[position] = slots[above]!;
      position = above;
    }
    times[position] = at;
    orders[position] = order;
    slots[position] = slot;
  }

  private sink(at: number, order: number, slot: number): void {
    const { times, orders, slots, length } = this;
    let position = 0;
    for (;;) {
      let below = 2 * position + 1;
      if (below >= length) break;
      if (below + 1 < length && this.isBefore(below + 1, times[below]!, orders[below]!)) below++;
      if (!this.isBefore(below, at, order)) break;
      times[position] = times[below]!;
      orders[position] = orders[below]!;
      slots[position] = slots[below]!;
      position = below;
    }
    times[position] = at;
    orders[position] = order;
    slots[position] = slot;
  }

  private isBefore(position: number, at: number, order: number): boolean {
    const time = this.times[position]!;
    return time < at || (time === at && this.orders[position]! < order);
  }

  private grow(): void {
    this.times = larger(this.times);
    this.orders = larger(this.orders);
    const slots = new Int32Array(2 * this.slots.length);
    slots.set(this.slots);
    this.slots = slots;
  }
}

function larger(column: Float64Array): Float64Array<ArrayBuffer> {
  const doubled = new Float64Array(2 * column.length);
  doubled.set(column);
  return doubled;
}
