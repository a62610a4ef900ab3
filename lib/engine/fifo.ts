/** A first-in, first-out queue on a growing ring: push and shift in constant time, no garbage while it keeps its size. */
export class Fifo<T> {
  private ring: (T | undefined)[] = Array.from({ length: 8 });
  private head = 0;
  private count = 0;

  get length(): number {
    return this.count;
  }

  push(value: T): void {
    if (this.count === this.ring.length) this.grow();
    this.ring[(this.head + this.count) & (this.ring.length - 1)] = value;
    this.count++;
  }

  peek(): T | undefined {
    return this.ring[this.head];
  }

  /** The one that was pushed last. */
  peekLast(): T | undefined {
    return this.ring[(this.head + this.count - 1) & (this.ring.length - 1)];
  }

  shift(): T | undefined {
    const value = this.ring[this.head];
    if (this.count === 0) return undefined;
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.count--;
    return value;
  }

  clear(): void {
    this.ring = Array.from({ length: 8 });
    this.head = 0;
    this.count = 0;
  }

  private grow(): void {
    const { ring, head } = this;
    const larger: (T | undefined)[] = Array.from({ length: ring.length * 2 });
    for (let i = 0; i < ring.length; i++) larger[i] = ring[(head + i) & (ring.length - 1)];
    this.ring = larger;
    this.head = 0;
  }
}
