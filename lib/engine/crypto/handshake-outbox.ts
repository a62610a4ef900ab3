import type { HandshakeEvent, HandshakeTransmit } from './handshake-events.js';

/**
 * Datagrams and events waiting to be taken. One call of the façade makes at most one of each per pending handshake
 * (256), so a caller that drains after each call never loses one; a caller that does not is bounded by this.
 */
export const MAX_OUTBOX = 1_024;

export class HandshakeOutbox {
  /** What was not kept because nobody took what was there. */
  overflowed = 0;
  private readonly transmits: HandshakeTransmit[] = [];
  private readonly events: HandshakeEvent[] = [];

  transmit(transmit: HandshakeTransmit): void {
    if (this.transmits.length >= MAX_OUTBOX) this.overflowed++;
    else this.transmits.push(transmit);
  }

  emit(event: HandshakeEvent): void {
    if (this.events.length >= MAX_OUTBOX) this.overflowed++;
    else this.events.push(event);
  }

  nextTransmit(): HandshakeTransmit | undefined {
    return this.transmits.shift();
  }

  nextEvent(): HandshakeEvent | undefined {
    return this.events.shift();
  }

  check(): void {
    if (this.transmits.length > MAX_OUTBOX || this.events.length > MAX_OUTBOX) throw new Error('outbox too long');
  }
}
