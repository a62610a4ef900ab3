import type { BroadcastMeta, LostMessage } from '../engine/engine-event.js';
import type { NodeId } from '../engine/node-id.js';
import type { GwyhLogger } from './logger.js';

export type { BroadcastMeta, LostMessage } from '../engine/engine-event.js';

/**
 * What a node knows of another homie.
 *
 * @publicApi
 */
export interface MemberInfo {
  readonly id: NodeId;
  /** `host:port`. */
  readonly address: string;
  readonly zone: string;
  readonly state: 'up' | 'suspect' | 'down' | 'left';
  /** Whether this node takes broadcasts from it, and it from this node. */
  readonly feed: boolean;
  readonly subscriber: boolean;
  /** Smoothed round trip in milliseconds, where a link exists. */
  readonly roundTripMs: number | undefined;
}

/** @publicApi */
export interface BroadcastOptions {
  /** Zones whose homies should handle the message, at most 8; all when absent. The others only pass it on. */
  readonly zones?: readonly string[];
}

/**
 * Called for each broadcast of another homie. The payload may be a view of memory that the transport still reads: copy it
 * to change it or to keep it for long.
 *
 * @publicApi
 */
export type BroadcastListener = (payload: Uint8Array, meta: BroadcastMeta) => void;

/** @publicApi */
export type MemberEventName = 'up' | 'suspect' | 'down' | 'left';

/** Who wants to hear what of a node. A listener that throws harms neither the node nor the other listeners. */
export class NodeListeners {
  /** How many times a listener threw. */
  errors = 0;
  private readonly broadcast = new Set<BroadcastListener>();
  private readonly member = new Map<string, Set<(member: MemberInfo) => void>>();
  private readonly lost = new Set<(message: LostMessage) => void>();
  private readonly readiness = new Set<(isReady: boolean) => void>();

  constructor(private readonly logger: GwyhLogger) {}

  onBroadcast(listener: BroadcastListener): () => void {
    this.broadcast.add(listener);
    return () => void this.broadcast.delete(listener);
  }

  onMember(event: MemberEventName, listener: (member: MemberInfo) => void): () => void {
    const listeners = this.member.get(event) ?? new Set();
    this.member.set(event, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  onMessageLost(listener: (message: LostMessage) => void): () => void {
    this.lost.add(listener);
    return () => void this.lost.delete(listener);
  }

  onReadiness(listener: (isReady: boolean) => void): () => void {
    this.readiness.add(listener);
    return () => void this.readiness.delete(listener);
  }

  hasMemberListeners(event: MemberEventName): boolean {
    return (this.member.get(event)?.size ?? 0) > 0;
  }

  tellBroadcast(payload: Uint8Array, meta: BroadcastMeta): void {
    for (const listener of this.broadcast) {
      try {
        listener(payload, meta);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  tellMember(event: MemberEventName, member: MemberInfo): void {
    for (const listener of this.member.get(event) ?? []) {
      try {
        listener(member);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  tellMessageLost(message: LostMessage): void {
    for (const listener of this.lost) {
      try {
        listener(message);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  tellReadiness(isReady: boolean): void {
    for (const listener of this.readiness) {
      try {
        listener(isReady);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  clear(): void {
    this.broadcast.clear();
    this.member.clear();
    this.lost.clear();
    this.readiness.clear();
  }

  private failed(error: unknown): void {
    this.errors++;
    this.logger.error(`A listener threw: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
