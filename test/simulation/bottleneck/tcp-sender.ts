import type { Bottleneck, Clock } from './bottleneck.js';

const SEGMENT_BYTES = 1_460;
const PACKET_BYTES = 1_514;
const DECREASE = 0.7;
const STEEPNESS = 0.4;

/** A TCP with CUBIC (RFC 9438) and always more to send. Losses are known after a round trip; what is lost is not repeated. */
export class TcpSender {
  delivered = 0;
  private window = 10;
  private threshold = Infinity;
  private inFlight = 0;
  private next = 0;
  private recoveryUntil = -1;
  private smoothedMs = 0;
  private windowAtLoss = 0;
  private lossAt = 0;
  private isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly link: Bottleneck,
    private readonly latencyMs: number,
    startAt: number,
  ) {
    clock.at(startAt, () => this.pump());
  }

  /** Has nothing more to send. */
  stop(): void {
    this.isStopped = true;
  }

  private pump(): void {
    while (!this.isStopped && this.inFlight < this.window) this.send();
  }

  private send(): void {
    const { clock, latencyMs } = this;
    const sentAt = clock.now;
    const number = this.next++;
    this.inFlight++;
    const isPassed = this.link.send(PACKET_BYTES, () => {
      clock.at(clock.now + 2 * latencyMs, () => this.acknowledge(sentAt));
    });
    if (!isPassed) clock.at(clock.now + Math.max(1, this.smoothedMs), () => this.lose(number));
  }

  private acknowledge(sentAt: number): void {
    const roundTripMs = this.clock.now - sentAt;
    this.smoothedMs += (roundTripMs - this.smoothedMs) / (this.smoothedMs === 0 ? 1 : 8);
    this.delivered += SEGMENT_BYTES;
    this.inFlight--;
    if (this.window < this.threshold) this.window++;
    else this.window += Math.max(0, Math.min(0.5, (this.target() - this.window) / this.window));
    this.pump();
  }

  private target(): number {
    const elapsed = this.clock.now - this.lossAt;
    const returnAfter = Math.cbrt((this.windowAtLoss * (1 - DECREASE)) / STEEPNESS);
    const cubic = STEEPNESS * (elapsed / 1_000 - returnAfter) ** 3 + this.windowAtLoss;
    const friendly = DECREASE * this.windowAtLoss + (0.53 * elapsed) / this.smoothedMs;
    return Math.max(cubic, friendly);
  }

  private lose(number: number): void {
    this.inFlight--;
    if (number >= this.recoveryUntil) {
      this.recoveryUntil = this.next;
      this.windowAtLoss = this.window < this.windowAtLoss ? (this.window * (1 + DECREASE)) / 2 : this.window;
      this.window = Math.max(2, this.window * DECREASE);
      this.threshold = this.window;
      this.lossAt = this.clock.now;
    }
    this.pump();
  }
}
