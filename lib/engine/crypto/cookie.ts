import sodium from 'sodium-native';
import type { RandomFill } from '../random.js';
import { ADDRESS_BYTES } from './address-bytes.js';
import { cookieMac, MAC_BYTES } from './key-schedule.js';
import { generateKeyPair, type KeyPair } from './x25519.js';

/**
 * The cookie key and the responder's ephemeral key are shared by all Ohais of an epoch of this length. One key pair per
 * Hello would cost 17 us for each stranger's packet; a longer epoch delays forward secrecy by as much.
 */
export const EPOCH_MS = 60_000;

/** An epoch is still known this much longer, for handshakes that were under way. More than the lifetime of a cookie. */
export const EPOCH_GRACE_MS = 15_000;

/** An OkBoss is accepted this long after its Ohai. Slower paths cannot join; longer gives replays more time. */
export const COOKIE_LIFETIME_MS = 10_000;

export interface CookieEpoch {
  /** One byte on the wire: counts up, so an epoch's number comes back after 4 hours, when its keys are long gone. */
  readonly number: number;
  readonly cookieKey: Uint8Array;
  readonly ephemeral: KeyPair;
  readonly createdAt: number;
}

/** The responder's only secrets between an Ohai and its OkBoss. Epochs are made when a Hello needs one. */
export class CookieEpochs {
  private readonly random: RandomFill;
  private current: CookieEpoch | undefined;
  private previous: CookieEpoch | undefined;
  private nextNumber: number | undefined;

  constructor(random: RandomFill) {
    this.random = random;
  }

  /** The epoch for a new Ohai. */
  issue(now: number): CookieEpoch {
    this.timeout(now);
    if (this.current !== undefined && now < this.current.createdAt + EPOCH_MS) return this.current;
    // The one before has ended long ago, and `timeout` has zeroed it.
    this.previous = this.current;
    this.current = this.create(now);
    return this.current;
  }

  /** The epoch an OkBoss names, unless it is over. */
  find(now: number, number: number): CookieEpoch | undefined {
    this.timeout(now);
    if (this.current?.number === number) return this.current;
    if (this.previous?.number === number) return this.previous;
    return undefined;
  }

  /** Zeroes epochs that are over. */
  timeout(now: number): void {
    if (this.previous !== undefined && now >= endOf(this.previous)) {
      wipeEpoch(this.previous);
      this.previous = undefined;
    }
    if (this.current !== undefined && now >= endOf(this.current)) {
      wipeEpoch(this.current);
      this.current = undefined;
    }
  }

  /** Zeroes all epochs at once. */
  wipe(): void {
    if (this.previous !== undefined) wipeEpoch(this.previous);
    if (this.current !== undefined) wipeEpoch(this.current);
    this.previous = this.current = undefined;
  }

  /** When the next epoch has to be zeroed. */
  deadline(): number {
    if (this.previous !== undefined) return endOf(this.previous);
    return this.current === undefined ? Infinity : endOf(this.current);
  }

  private create(now: number): CookieEpoch {
    const cookieKey = new Uint8Array(MAC_BYTES);
    this.random(cookieKey);
    const ephemeral = generateKeyPair(this.random);
    if (this.nextNumber === undefined) {
      const first = new Uint8Array(1);
      this.random(first);
      this.nextNumber = first[0]!;
    }
    const number = this.nextNumber;
    this.nextNumber = (number + 1) & 0xff;
    return { number, cookieKey, ephemeral, createdAt: now };
  }
}

/** The cookie for a Hello from this address. Recomputed, not remembered, when the OkBoss echoes it. */
export function makeCookie(
  epoch: CookieEpoch,
  address: Uint8Array,
  sentAt: Uint8Array,
  helloMac: Uint8Array,
): Uint8Array {
  return cookieMac(epoch.cookieKey, address.subarray(0, ADDRESS_BYTES), Uint8Array.of(epoch.number), sentAt, helloMac);
}

function endOf(epoch: CookieEpoch): number {
  return epoch.createdAt + EPOCH_MS + EPOCH_GRACE_MS;
}

function wipeEpoch(epoch: CookieEpoch): void {
  sodium.sodium_memzero(epoch.cookieKey);
  sodium.sodium_memzero(epoch.ephemeral.secretKey);
}
