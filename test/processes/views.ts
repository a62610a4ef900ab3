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

  /** The first time after a moment, monotonic ms, that each of the observers told of each of the members that it is gone. */
  firstDowns(observers: readonly string[], members: readonly string[], fromMs: number): Change[] {
    const first = new Map<string, Change>();
    const [watching, watched] = [new Set(observers), new Set(members)];
    for (const change of this.changes) {
      if ((change.event !== 'down' && change.event !== 'left') || change.atMs < fromMs) continue;
      if (!watching.has(change.observer) || !watched.has(change.member)) continue;
      const pair = `${change.observer} ${change.member}`;
      if (!first.has(pair)) first.set(pair, change);
    }
    return [...first.values()];
  }

  /** When the last node changed its mind about another one, if any did after a moment; monotonic ms. */
  lastChange(fromMs: number): number | undefined {
    const times = this.changes.flatMap(({ atMs, event }) => (atMs >= fromMs && event !== 'suspect' ? atMs : []));
    return times.length === 0 ? undefined : times.reduce((latest, atMs) => Math.max(latest, atMs));
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
