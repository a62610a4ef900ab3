import type { BroadcastEvent, BroadcastMeta, LostMessage } from '../engine/engine-event.js';
import type { GwyhLogger } from './logger.js';
import type { MemberInfo } from './member-info.js';

export type { BroadcastEvent, BroadcastMeta, LostMessage } from '../engine/engine-event.js';
export type { MemberInfo } from './member-info.js';

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

/** The same for transports on top of a node. The bytes may be read until it returns. */
export type BroadcastEventListener = (event: BroadcastEvent) => void;

/** @publicApi */
export type MemberEventName = 'up' | 'suspect' | 'down' | 'left';

/** Who wants to hear what of a node. A listener that throws harms neither the node nor the other listeners. */
export class NodeListeners {
  /** How many times a listener threw. */
  errors = 0;
  /** Lists, replaced at each change: to walk over a set makes garbage, here for each broadcast. */
  private broadcast: readonly BroadcastListener[] = [];
  private broadcastEvent: readonly BroadcastEventListener[] = [];
  private readonly member = new Map<string, Set<(member: MemberInfo) => void>>();
  private readonly lost = new Set<(message: LostMessage) => void>();
  private readonly readiness = new Set<(isReady: boolean) => void>();

  constructor(private readonly logger: GwyhLogger) {}

  onBroadcast(listener: BroadcastListener): () => void {
    this.broadcast = [...this.broadcast.filter(other => other !== listener), listener];
    return () => (this.broadcast = this.broadcast.filter(other => other !== listener));
  }

  onBroadcastEvent(listener: BroadcastEventListener): () => void {
    this.broadcastEvent = [...this.broadcastEvent.filter(other => other !== listener), listener];
    return () => (this.broadcastEvent = this.broadcastEvent.filter(other => other !== listener));
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

  tellBroadcast(event: BroadcastEvent): void {
    const { broadcast, broadcastEvent } = this;
    for (let i = 0; i < broadcastEvent.length; i++) {
      try {
        broadcastEvent[i]!(event);
      } catch (error) {
        this.failed(error);
      }
    }
    if (broadcast.length > 0) this.tellPayload(event.payload, event, broadcast);
    event.release();
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
    this.broadcast = [];
    this.broadcastEvent = [];
    this.member.clear();
    this.lost.clear();
    this.readiness.clear();
  }

  private tellPayload(payload: Uint8Array, meta: BroadcastMeta, listeners: readonly BroadcastListener[]): void {
    for (let i = 0; i < listeners.length; i++) {
      try {
        listeners[i]!(payload, meta);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  private failed(error: unknown): void {
    this.errors++;
    this.logger.error(`A listener threw: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
