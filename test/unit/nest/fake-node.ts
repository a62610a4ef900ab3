import { ACCEPTED } from '../../../lib/runtime/broadcast-queue.js';
import { BroadcastEvent } from '../../../lib/engine/engine-event.js';
import type { BroadcastOptions, GwyhNode } from '../../../lib/runtime/gwyh-node.js';
import type { BroadcastEventListener } from '../../../lib/runtime/node-listeners.js';
import { decodeEvent, encodeEvent, type EventMetadata, type GossipEvent } from '../../../lib/nest/event-codec.js';
import type { GwyhEvents } from '../../../lib/nest/gwyh.events.js';

type Listener = (...args: never[]) => void;

/** A node without a network: keeps what is broadcast and delivers what the test says. */
export class FakeNode {
  readonly id = 'f'.repeat(32);
  readonly zone = 'here';
  isReady = false;
  subscriberCount = 0;
  feedCount = 0;
  starts = 0;
  closes = 0;
  failStart: Error | undefined;
  failBroadcast: Error | undefined;
  readonly sent: (GossipEvent & { readonly zones: readonly string[] | undefined })[] = [];

  private isStarted = false;
  private holdStart: Promise<void> | undefined;
  private readonly broadcastListeners = new Set<BroadcastEventListener>();
  private readonly eventListeners = new Map<string, Set<Listener>>();

  /** The stand-in where a node is expected. */
  get asNode(): GwyhNode {
    return this as unknown as GwyhNode;
  }

  get address() {
    if (!this.isStarted) throw new Error('not started');
    return { address: '127.0.0.1', port: 6969, family: 'IPv4' };
  }

  get listenerCount(): number {
    return this.broadcastListeners.size;
  }

  /** Makes start() wait for the function that is returned. */
  delayStart(): () => void {
    let release!: () => void;
    this.holdStart = new Promise(resolve => (release = resolve));
    return release;
  }

  async start(): Promise<void> {
    this.starts++;
    await this.holdStart;
    if (this.failStart) throw this.failStart;
    this.isStarted = true;
  }

  async close(): Promise<void> {
    this.closes++;
    this.isStarted = false;
  }

  broadcast(payload: Uint8Array, options?: BroadcastOptions): Promise<void> {
    if (this.failBroadcast) return Promise.reject(this.failBroadcast);
    this.sent.push({ ...decodeEvent(payload), zones: options?.zones });
    return ACCEPTED;
  }

  onBroadcastEvent(listener: BroadcastEventListener): () => void {
    this.broadcastListeners.add(listener);
    return () => this.broadcastListeners.delete(listener);
  }

  on<Event extends keyof GwyhEvents>(event: Event, listener: GwyhEvents[Event]): () => void {
    const listeners = this.eventListeners.get(event) ?? new Set();
    this.eventListeners.set(event, listeners.add(listener as Listener));
    return () => listeners.delete(listener as Listener);
  }

  members() {
    return [];
  }

  report(event: keyof GwyhEvents, ...args: unknown[]): void {
    for (const listener of this.eventListeners.get(event) ?? []) (listener as (...args: unknown[]) => void)(...args);
  }

  deliver(pattern: string, data?: unknown, metadata?: EventMetadata): void {
    this.deliverBytes(encodeEvent(pattern, data, metadata));
  }

  deliverBytes(payload: Uint8Array): void {
    const origin = { id: 'a'.repeat(32), zone: 'there' };
    const event = new BroadcastEvent(origin, 7, 2, 'b'.repeat(32), payload, 0, payload.length);
    for (const listener of this.broadcastListeners) listener(event);
    event.release();
  }
}
