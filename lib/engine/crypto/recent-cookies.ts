import { toHex } from './hex.js';
import type { Session } from './session.js';

/** Accepted OkBosses remembered. Beyond it the oldest is forgotten, and a replay of it makes one more session. */
export const MAX_RECENT_COOKIES = 1_024;

/** How long: the lifetime of a cookie, and a little. */
export const RECENT_COOKIE_MS = 12_000;

/**
 * How often one GoTeam is sent again. An initiator asks at most five times; without a limit, anyone on the path could
 * repeat one OkBoss to have us flood its sender.
 */
export const MAX_GOTEAM_RESENDS = 10;

export interface RecentCookie {
  readonly session: Session;
  readonly goTeam: Uint8Array;
  readonly expiresAt: number;
  resends: number;
}

/** GoTeams already given, by cookie: an OkBoss that comes again gets the same bytes and makes nothing new. */
export class RecentCookies {
  private readonly entries = new Map<string, RecentCookie>();

  find(now: number, cookie: Uint8Array): RecentCookie | undefined {
    const entry = this.entries.get(toHex(cookie));
    return entry !== undefined && now < entry.expiresAt ? entry : undefined;
  }

  add(now: number, cookie: Uint8Array, session: Session, goTeam: Uint8Array): void {
    this.timeout(now);
    if (this.entries.size >= MAX_RECENT_COOKIES) {
      for (const oldest of this.entries.keys()) {
        this.entries.delete(oldest);
        break;
      }
    }
    this.entries.set(toHex(cookie), { session, goTeam, expiresAt: now + RECENT_COOKIE_MS, resends: 0 });
  }

  timeout(now: number): void {
    for (const [cookie, entry] of this.entries) {
      if (now < entry.expiresAt) return;
      this.entries.delete(cookie);
    }
  }

  check(): void {
    if (this.entries.size > MAX_RECENT_COOKIES) throw new Error('too many cookies remembered');
  }
}
