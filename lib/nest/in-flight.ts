/** Counts what runs, and waits for it to end. */
export class InFlight {
  private running = 0;
  private idleListeners: (() => void)[] = [];

  get size(): number {
    return this.running;
  }

  /** Counts one more, until {@link end}. */
  begin(): void {
    this.running++;
  }

  end(): void {
    if (--this.running > 0 || this.idleListeners.length === 0) return;
    for (const listener of this.idleListeners.splice(0)) listener();
  }

  /** Resolves to true once nothing runs, or to false after `timeoutMs`. */
  settled(timeoutMs: number): Promise<boolean> {
    if (this.running === 0) return Promise.resolve(true);
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(this.running === 0), timeoutMs);
      this.idleListeners.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }
}
