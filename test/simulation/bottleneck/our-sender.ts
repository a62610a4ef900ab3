import { Flow } from '../../../lib/engine/peers/flow.js';
import { RoundTrip } from '../../../lib/engine/peers/round-trip.js';
import type { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { WIRE_HEADER_BYTES } from '../../simulate/load/access-links.js';
import { type Bottleneck, type Clock } from './bottleneck.js';

const DATAGRAM_BYTES = 1_200;
const REQUEST_BYTES = 26;

/** Timers of an event loop do not come sooner than this after each other, ms. */
const TIMER_MS = 1;

/** The clock of the receiver is ahead by this, ms. */
const CLOCK_OFFSET_MS = 12_345;

export interface OurSenderOptions {
  /** One-way delay without a queue, ms, and most that is added by chance. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  /** Share of datagrams and of reports that is lost by chance. */
  readonly loss: number;
  readonly startAt: number;
  /** Until then no report comes back, ms: the receiver gets no processor. */
  readonly deafUntil?: number;
}

/** A flow of ours with always more to send, and the receiver that reports. */
export class OurSender {
  readonly flow: Flow;
  /** Payload that arrived, bytes. */
  delivered = 0;
  private counter = 0;
  private received = 0;

  constructor(
    private readonly clock: Clock,
    private readonly link: Bottleneck,
    private readonly random: SeededRandom,
    private readonly options: OurSenderOptions,
  ) {
    const heartbeats = new RoundTrip();
    heartbeats.sample(2 * options.latencyMs, 0);
    this.flow = new Flow(true, heartbeats);
    clock.at(options.startAt, () => this.pump());
  }

  private pump(): void {
    const { clock, flow } = this;
    let readyAt = flow.readyAt(clock.now);
    while (readyAt <= clock.now) {
      this.send(DATAGRAM_BYTES, true);
      if (flow.shouldAsk(clock.now)) this.send(REQUEST_BYTES, false);
      readyAt = flow.readyAt(clock.now);
    }
    if (flow.shouldAsk(clock.now)) this.send(REQUEST_BYTES, false);
    clock.at(Math.max(clock.now + TIMER_MS, readyAt), () => this.pump());
  }

  private send(bytes: number, isData: boolean): void {
    const { clock, options, random } = this;
    const counter = this.counter++;
    this.flow.sent(1, counter, bytes, isData, clock.now);
    this.link.send(bytes + WIRE_HEADER_BYTES, () => {
      if (random.unit() < options.loss) return;
      const delay = options.latencyMs + options.jitterMs * random.unit();
      clock.at(clock.now + delay, () => this.arrive(counter, isData ? bytes : 0));
    });
  }

  private arrive(counter: number, dataBytes: number): void {
    const { clock, options, random, flow } = this;
    this.received++;
    this.delivered += dataBytes;
    if (dataBytes > 0 || clock.now < (options.deafUntil ?? 0) || random.unit() < options.loss) return;
    const arrivedAt = clock.now + CLOCK_OFFSET_MS;
    const report = { counter, received: this.received, arrivedAt, window: 4 * 1024 * 1024 };
    clock.at(clock.now + options.latencyMs, () => flow.onReport(1, report, 1, clock.now));
  }
}
