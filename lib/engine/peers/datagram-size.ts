import type { Counters } from '../counters.js';
import { LOOPBACK_BULK_BYTES, LOOPBACK_DATAGRAM_BYTES, NETWORK_DATAGRAM_BYTES } from '../engine-context.js';
import type { RandomFill } from '../random.js';

/** A probe without an answer after this, ms, or four round trips, is lost (RFC 8899, section 5.1.1: a second at least). */
export const SIZE_PROBE_MS = 1_000;
const PROBE_ROUND_TRIPS = 4;

/** Sizes that differ by less, bytes, are not told apart. Less: more probes for next to nothing. */
export const LEAST_SIZE_STEP = 20;

/**
 * When the search is over, larger sizes are tried again after this, ms (RFC 8899, section 5.1.1: 10 minutes). It has to be longer
 * than an operating system remembers that a path takes less, which is 10 minutes in Linux: until then it sends a probe in
 * fragments, and these get through.
 */
export const SIZE_RAISE_MS = 660_000;

/** So many of the larger datagrams in a row have to be missing. Fewer, and chance is taken for a black hole. */
export const BLACK_HOLE_DATAGRAMS = 6;

/** After a black hole no larger size is tried for so long, ms. Less: a path that takes probes only loses data again and again. */
export const BLACK_HOLE_PAUSE_MS = 60_000;

/** A mark that no report came for is given up after this, ms. */
const MARK_MS = 1_000;

const TOKEN_BYTES = 8;

/**
 * How large datagrams to one peer may be: the size that gets through everywhere, and what probes have proved beyond it (RFC 8899).
 * One probe for each size only, since a router that tells the system of a smaller path makes it send the next one in fragments.
 * Nothing happens on a link whose datagrams do not fill up.
 */
export class DatagramSize {
  /** Largest datagram that may be sent, bytes. */
  bytes = NETWORK_DATAGRAM_BYTES;
  /** What gets through without a proof. */
  base = NETWORK_DATAGRAM_BYTES;
  private isSameHost = false;
  /** What is tried at most. */
  private most = NETWORK_DATAGRAM_BYTES;
  /** Whether datagrams fill up, so that larger ones would be of use. */
  private isWanted = false;
  /** Least size that did not get through in this search. */
  private tooLarge = Infinity;
  private restUntil = -Infinity;
  private readonly token = new Uint8Array(TOKEN_BYTES);
  /** Size of the probe under way; 0 for none. */
  private probing = 0;
  private probedAt = -Infinity;
  /** Datagrams above the base so far, and when a report was asked for and at the last one: how many, and how many were missing. */
  private largeSent = 0;
  private mark: { counter: number; large: number; at: number } | undefined;
  private largeReported = 0;
  /** NaN while there was none. */
  private missingReported = NaN;
  private missingInRow = 0;

  /** @param limit most that is tried across a network, bytes; that of the base switches it off. */
  constructor(
    private readonly limit: number,
    private readonly counters: Counters,
  ) {}

  /** Another way to the peer: what was proved counts no more. */
  begin(isSameHost: boolean): void {
    this.isSameHost = isSameHost;
    this.base = isSameHost ? LOOPBACK_DATAGRAM_BYTES : NETWORK_DATAGRAM_BYTES;
    this.most = isSameHost ? LOOPBACK_DATAGRAM_BYTES : this.limit;
    this.restUntil = -Infinity;
    this.fallBack();
  }

  /** Largest datagram with nothing but segments of long messages, bytes. */
  get bulkBytes(): number {
    return this.isSameHost ? LOOPBACK_BULK_BYTES : this.bytes;
  }

  /** A datagram was full, and more waits. */
  wasFull(): void {
    this.isWanted = this.bytes < this.most;
  }

  /** How large a probe should be sent now, bytes; 0 for none. */
  probeDue(roundTripMs: number, now: number): number {
    if (!this.isWanted) return 0;
    this.isWanted = false;
    if (this.probing > 0) {
      if (now - this.probedAt < Math.max(SIZE_PROBE_MS, PROBE_ROUND_TRIPS * roundTripMs)) return 0;
      this.counters.sizeProbesLost++;
      this.tooLarge = this.probing;
      this.probing = 0;
    }
    if (now < this.restUntil) return 0;
    const size = Math.min(this.most, Math.floor((this.bytes + this.tooLarge) / 2));
    if (size - this.bytes >= LEAST_SIZE_STEP) return size;
    this.tooLarge = Infinity;
    this.restUntil = now + SIZE_RAISE_MS;
    return 0;
  }

  /** A probe of this size goes out. Returns the token that it has to bring back. */
  probe(bytes: number, random: RandomFill, now: number): Uint8Array {
    this.counters.sizeProbes++;
    this.probing = bytes;
    this.probedAt = now;
    random(this.token);
    return this.token;
  }

  /** A token came back from the peer. Whether it was that of the probe. */
  answered(token: Uint8Array): boolean {
    if (this.probing === 0 || token.some((byte, i) => byte !== this.token[i])) return false;
    this.bytes = this.probing;
    this.probing = 0;
    return true;
  }

  /** A datagram of so many bytes went out. */
  sent(bytes: number): void {
    if (bytes > this.base) this.largeSent++;
  }

  /** A report is asked for in the datagram with this counter. */
  asked(counter: number, now: number): void {
    if (this.bytes === this.base || (this.mark !== undefined && now - this.mark.at < MARK_MS)) return;
    this.mark = { counter, large: this.largeSent, at: now };
  }

  /** It came: so many datagrams are missing up to the one with this counter. */
  reported(counter: number, missing: number, now: number): void {
    const { mark } = this;
    if (mark === undefined || counter < mark.counter) return;
    const large = mark.large - this.largeReported;
    const areMissing = missing - this.missingReported >= large;
    this.mark = undefined;
    this.largeReported += large;
    this.missingReported = missing;
    if (large === 0) return;
    this.missingInRow = areMissing ? this.missingInRow + large : 0;
    if (this.missingInRow < BLACK_HOLE_DATAGRAMS) return;
    this.counters.blackHoles++;
    this.restUntil = now + BLACK_HOLE_PAUSE_MS;
    this.fallBack();
  }

  private fallBack(): void {
    this.bytes = this.base;
    this.tooLarge = Infinity;
    this.probing = 0;
    this.mark = undefined;
    this.missingReported = NaN;
    this.missingInRow = 0;
  }
}
