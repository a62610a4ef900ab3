/** Counts what runs, and waits for it to end. */
export class InFlight {
  private running = 0;
  private idleListeners: (() => void)[] = [];

  get size(): number {
    return this.running;
  }

  /** Counts one more. Returns the function that ends it, which may be called more than once. */
  enter(): () => void {
    this.running++;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.running === 0) for (const listener of this.idleListeners.splice(0)) listener();
    };
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
