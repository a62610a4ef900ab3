import type { Change } from './node-host.js';

/** Whom each node takes for living at the moment, and when that changed: made from what the nodes told. */
export class Views {
  readonly changes: Change[] = [];
  private readonly seen = new Map<string, Set<string>>();

  add(changes: readonly Change[]): void {
    for (const change of changes) {
      this.changes.push(change);
      const view = this.of(change.observer);
      if (change.event === 'up') view.add(change.member);
      else if (change.event !== 'suspect') view.delete(change.member);
    }
  }

  /** What a process told that is no more does not matter any longer. */
  forget(observer: string): void {
    this.seen.delete(observer);
  }

  /** Whether each of them sees all the others, and nobody else. */
  areComplete(ids: readonly string[]): boolean {
    return ids.every(id => {
      const view = this.of(id);
      return view.size === ids.length - 1 && ids.every(other => other === id || view.has(other));
    });
  }

  /** Whether none of the observers sees any of the members. */
  areWithout(observers: readonly string[], members: readonly string[]): boolean {
    return observers.every(id => {
      const view = this.of(id);
      return members.every(member => !view.has(member));
    });
  }

  /** When each of the observers first told, after a moment, that a member is down or gone; monotonic ms. */
  firstDowns(observers: readonly string[], members: readonly string[], fromMs: number): number[] {
    const first = new Map<string, number>();
    const [watching, watched] = [new Set(observers), new Set(members)];
    for (const { atMs, observer, event, member } of this.changes) {
      if (event !== 'down' && event !== 'left') continue;
      if (atMs < fromMs || !watching.has(observer) || !watched.has(member)) continue;
      const pair = `${observer} ${member}`;
      if (!first.has(pair)) first.set(pair, atMs);
    }
    return [...first.values()];
  }

  /** When the last of the observers changed its mind for good about one of the members, if any did after a moment. */
  lastChange(fromMs: number): number | undefined {
    return this.changes.findLast(({ atMs, event }) => atMs >= fromMs && event !== 'suspect')?.atMs;
  }

  /** How often a node told that another is down, after a moment. */
  downsSince(fromMs: number): number {
    return this.changes.filter(({ atMs, event }) => atMs >= fromMs && event === 'down').length;
  }

  private of(observer: string): Set<string> {
    let view = this.seen.get(observer);
    if (view === undefined) this.seen.set(observer, (view = new Set()));
    return view;
  }
}
