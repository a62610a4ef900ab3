import type { MemberEvent } from '../../../lib/engine/engine-event.js';

/** What one node believes of one life: it has not heard of it, or what it told last. */
const UNKNOWN = 0;
const UP = 1;
const SUSPECT = 2;
const GONE = 3;

const CODES = { up: UP, suspect: SUSPECT, down: GONE, left: GONE } as const satisfies Record<
  MemberEvent['type'],
  number
>;

/**
 * What every running life believes of every other, from nothing but the events that they tell: what an application would
 * believe. Lives are numbered; a node that is restarted has another life.
 */
export class Views {
  /** Pairs of running lives of which the one does not see the other as up. */
  unseen = 0;
  /** Pairs of a running life and one that is over, and that it takes for living. */
  ghosts = 0;
  private readonly codes: Uint8Array;
  private readonly running: Set<number> = new Set();
  private readonly unseenBy: Int32Array;

  /** @param most how many lives there will be. */
  constructor(private readonly most: number) {
    this.codes = new Uint8Array(most * most);
    this.unseenBy = new Int32Array(most);
  }

  /** Whether all that run see all that run, and nobody else. */
  get isTrue(): boolean {
    return this.unseen === 0 && this.ghosts === 0;
  }

  /** How many of those that run this one does not see as up. */
  unseenOf(life: number): number {
    return this.unseenBy[life]!;
  }

  /** Whether this one takes the other for living. */
  believesIn(observer: number, subject: number): boolean {
    const code = this.codeOf(observer, subject);
    return code === UP || code === SUSPECT;
  }

  suspects(observer: number, subject: number): boolean {
    return this.codeOf(observer, subject) === SUSPECT;
  }

  /** Whether this one has heard that the other is down or has left. */
  hasBuried(observer: number, subject: number): boolean {
    return this.codeOf(observer, subject) === GONE;
  }

  start(life: number): void {
    if (life >= this.most) throw new Error('more lives than were planned');
    for (const other of this.running) {
      this.count(other, UNKNOWN, 1);
      this.count(life, UNKNOWN, 1);
    }
    this.running.add(life);
  }

  end(life: number): void {
    this.running.delete(life);
    for (let subject = 0; subject < this.most; subject++) {
      const code = this.codeOf(life, subject);
      if (this.running.has(subject)) this.count(life, code, -1);
      else if (subject !== life) this.countGhost(code, -1);
    }
    for (const observer of this.running) {
      const code = this.codeOf(observer, life);
      this.count(observer, code, -1);
      this.countGhost(code, 1);
    }
  }

  tell(observer: number, subject: number, state: MemberEvent['type']): void {
    if (observer === subject || !this.running.has(observer)) return;
    const before = this.codeOf(observer, subject);
    const after = CODES[state];
    this.codes[observer * this.most + subject] = after;
    if (this.running.has(subject)) {
      this.count(observer, before, -1);
      this.count(observer, after, 1);
    } else {
      this.countGhost(before, -1);
      this.countGhost(after, 1);
    }
  }

  private codeOf(observer: number, subject: number): number {
    return this.codes[observer * this.most + subject]!;
  }

  private count(observer: number, code: number, by: 1 | -1): void {
    if (code === UP) return;
    this.unseen += by;
    this.unseenBy[observer]! += by;
  }

  private countGhost(code: number, by: 1 | -1): void {
    if (code === UP || code === SUSPECT) this.ghosts += by;
  }
}
