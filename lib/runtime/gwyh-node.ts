import { GwyhEngine } from '../engine/engine.js';
import type { BroadcastEvent, EngineEvent } from '../engine/engine-event.js';
import { formatEndpoint } from '../engine/endpoint.js';
import type { Member } from '../engine/membership/member-table.js';
import { type NodeId, randomNodeId } from '../engine/node-id.js';
import { MAX_ZONE_BYTES } from '../engine/wire/member-codec.js';
import { MAX_SCOPE_ZONES } from '../engine/wire/segment-frame.js';
import type { DatagramSocket } from './datagram-network.js';
import {
  GwyhBindError,
  GwyhClosedError,
  GwyhMessageTooLargeError,
  GwyhNotReadyError,
  GwyhOptionsError,
  GwyhQueueFullError,
} from './errors.js';
import type { GwyhNodeOptions } from './gwyh-node-options.js';
import { formatHostPort, isWildcardHost } from './host-port.js';
import { checkKeys, makeKeyring } from './keys.js';
import { type NodeSettings, resolveSettings } from './node-settings.js';
import { SeedResolver } from './seed-resolver.js';
import { StrangerWarnings } from './stranger-warnings.js';

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

/**
 * What came with a broadcast.
 *
 * @publicApi
 */
export interface BroadcastMeta {
  readonly origin: { readonly id: NodeId; readonly zone: string | undefined };
  /** Number of the message's first segment in its origin's stream: grows with each message of one origin. */
  readonly sequence: number;
  /** Links that the copy which arrived first crossed; 0 for a node's own broadcast delivered to itself. */
  readonly hops: number;
  readonly receivedFrom: NodeId;
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

/**
 * While this much waits in the socket, no more is taken from the engine, whose queues are bounded; bytes. Less would
 * leave the network idle between turns; more would only move the queue to where it cannot be bounded.
 */
const SOCKET_QUEUE_BYTES = 1_048_576;

/** A full socket is looked at again after this long, ms. */
const SOCKET_RETRY_MS = 1;

/** How long the announcement of a leave may take, ms; it is sent at its beginning and its end. */
const LEAVE_MS = 50;

type NodeState = 'new' | 'starting' | 'running' | 'closed';

/**
 * One homie: an engine with a socket, a clock and names around it. Works without Nest.
 *
 * @publicApi
 */
export class GwyhNode {
  readonly id: NodeId;
  readonly zone: string;

  private readonly settings: NodeSettings;
  private state: NodeState = 'new';
  private starting: Promise<void> | undefined;
  private closing: Promise<void> | undefined;
  private engine: GwyhEngine | undefined;
  private socket: DatagramSocket | undefined;
  private seeds: SeedResolver | undefined;
  private strangers: StrangerWarnings | undefined;
  private cancelTimer: () => void = () => undefined;
  private timerAt = Infinity;
  private isDrainDue = false;
  private readonly broadcastListeners = new Set<BroadcastListener>();
  private readonly memberListeners = new Map<string, Set<(member: MemberInfo) => void>>();
  private readonly readinessListeners = new Set<(isReady: boolean) => void>();
  private listenerErrors = 0;

  /** Throws a GwyhOptionsError that names the option, its value and the fix. */
  constructor(options: GwyhNodeOptions = {}) {
    this.settings = resolveSettings(options, process.env);
    this.zone = this.settings.zone;
    this.id = randomNodeId(this.settings.network.random);
  }

  /** Binds the socket and begins to look for peers. Rejects with a GwyhBindError. Repeated calls wait for the first. */
  start(): Promise<void> {
    if (this.state === 'closed') return Promise.reject(new GwyhClosedError('The node was closed. Make a new one.'));
    return (this.starting ??= this.open());
  }

  /** Where the node is bound. Throws a GwyhClosedError before `start()`. */
  get address(): DatagramSocket['address'] {
    if (this.socket === undefined) throw new GwyhClosedError('The node has no address: await start() first.');
    return this.socket.address;
  }

  /** Whether at least one homie sends us broadcasts and at least one takes ours. */
  get isReady(): boolean {
    return this.engine?.isReady ?? false;
  }

  /**
   * Resolves when the node hears others and is heard.
   * @param options.timeoutMs Rejects with a GwyhNotReadyError after so long. Default: waits for ever.
   */
  ready(options: { timeoutMs?: number } = {}): Promise<void> {
    if (this.isReady) return Promise.resolve();
    if (this.state === 'closed') return Promise.reject(new GwyhClosedError('The node was closed.'));
    const { network, peers } = this.settings;
    return new Promise((resolve, reject) => {
      let cancelTimeout: () => void = () => undefined;
      const settle = (isReady: boolean) => {
        if (!isReady && this.state !== 'closed') return;
        this.readinessListeners.delete(settle);
        cancelTimeout();
        if (isReady) resolve();
        else reject(new GwyhClosedError('The node was closed before it was ready.'));
      };
      this.readinessListeners.add(settle);
      if (options.timeoutMs === undefined) return;
      cancelTimeout = network.schedule(network.now() + options.timeoutMs, () => {
        this.readinessListeners.delete(settle);
        const tried = peers.map(formatHostPort).join(', ');
        reject(new GwyhNotReadyError(`No homie found within ${options.timeoutMs} ms. Peers tried: ${tried}.`));
      });
    });
  }

  /** Registers a listener for broadcasts; returns what takes it off again. */
  onBroadcast(listener: BroadcastListener): () => void {
    this.broadcastListeners.add(listener);
    return () => void this.broadcastListeners.delete(listener);
  }

  /** Registers a listener for members that come and go, or for our own readiness; returns what takes it off again. */
  on(event: MemberEventName, listener: (member: MemberInfo) => void): () => void;
  on(event: 'ready' | 'unready', listener: () => void): () => void;
  on(event: MemberEventName | 'ready' | 'unready', listener: (member: MemberInfo) => void): () => void {
    if (event === 'ready' || event === 'unready') {
      const onChange = (isReady: boolean) => {
        if (isReady === (event === 'ready')) (listener as () => void)();
      };
      this.readinessListeners.add(onChange);
      return () => void this.readinessListeners.delete(onChange);
    }
    const listeners = this.memberListeners.get(event) ?? new Set();
    this.memberListeners.set(event, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /**
   * Sends a message to all homies, or to those of some zones. Resolves when it is accepted; nobody confirms arrivals.
   * Rejects with a GwyhMessageTooLargeError, a GwyhQueueFullError, a GwyhClosedError, or a GwyhOptionsError for zones.
   */
  broadcast(payload: Uint8Array, options: BroadcastOptions = {}): Promise<void> {
    const { engine, settings } = this;
    if (engine === undefined || this.state !== 'running') {
      return Promise.reject(new GwyhClosedError('The node is not running: await start() first.'));
    }
    if (!(payload instanceof Uint8Array)) {
      return Promise.reject(new GwyhOptionsError('payload', payload, 'give a Uint8Array or Buffer.'));
    }
    const { zones } = options;
    if (zones !== undefined && !areZones(zones)) {
      const fix = `give 1 to ${MAX_SCOPE_ZONES} names of 1 to ${MAX_ZONE_BYTES} bytes of UTF-8.`;
      return Promise.reject(new GwyhOptionsError('zones', zones, fix));
    }
    const sequence = engine.lastSequence + 1;
    const result = engine.broadcast(settings.network.now(), payload, zones);
    if (result === 'too_large') {
      return Promise.reject(new GwyhMessageTooLargeError(payload.length, settings.maxMessageBytes));
    }
    if (result === 'queue_full') return Promise.reject(new GwyhQueueFullError());
    this.drainSoon();
    if (settings.deliverToSelf && (zones === undefined || zones.includes(this.zone))) {
      this.deliverToSelf(payload.slice(), sequence);
    }
    return ACCEPTED;
  }

  /** All homies known to live, without this one. */
  members(): MemberInfo[] {
    return this.engine?.members.map(member => this.describe(member)) ?? [];
  }

  /** How many homies take broadcasts from this one. */
  get subscriberCount(): number {
    return this.engine?.subscriberCount ?? 0;
  }

  /** How many homies this one takes broadcasts from. */
  get feedCount(): number {
    return this.engine?.feedCount ?? 0;
  }

  /** Counters since the start and gauges of now, plain numbers. */
  metrics(): Record<string, number> {
    return {
      ...this.engine?.metrics(),
      listenerErrors: this.listenerErrors,
      sendErrors: this.socket?.sendErrors ?? 0,
      socketQueueBytes: this.socket?.queuedBytes ?? 0,
    };
  }

  /**
   * Replaces the pre-shared keys while running; the first is used for new handshakes, all are accepted. To rotate: add the
   * new key everywhere, then make it the first everywhere, then remove the old one. Rejects with a GwyhOptionsError.
   */
  async rotateKeys(keys: readonly string[]): Promise<void> {
    checkKeys(keys);
    const keyring = await makeKeyring(this.settings.cluster, keys);
    if (this.engine === undefined || this.state !== 'running') {
      throw new GwyhClosedError('The node is not running: give the keys to its constructor, or await start() first.');
    }
    this.engine.setKeyring(this.settings.network.now(), keyring);
    this.drainSoon();
  }

  /** Announces the leave, sends what waits, and unbinds. Repeated calls wait for the first. */
  close(): Promise<void> {
    return (this.closing ??= this.shut());
  }

  private async open(): Promise<void> {
    this.state = 'starting';
    const { settings } = this;
    const { network, logger } = settings;
    try {
      const keyring = await makeKeyring(settings.cluster, settings.keys);
      const socket = await this.bind();
      this.socket = socket;
      if ((this.state as NodeState) === 'closed') return await socket.close();
      const { address } = socket;
      this.engine = new GwyhEngine(
        {
          id: this.id,
          zone: settings.zone,
          keyring,
          bound: isWildcardHost(address.address) ? undefined : address,
          advertised: settings.advertised,
          strategy: settings.strategy,
          subscriptions: settings.subscriptions,
          heartbeat: settings.heartbeat,
          maxMessageBytes: settings.maxMessageBytes,
          timeLockMs: settings.timeLockMs,
          random: network.random,
          wallClock: () => network.wallClock(),
        },
        network.now(),
      );
      this.state = 'running';
    } catch (error) {
      this.state = 'new';
      this.starting = undefined;
      throw error;
    }
    this.strangers = new StrangerWarnings(settings, () => (this.engine?.metrics().peers ?? 0) > 0);
    this.seeds = new SeedResolver(
      network,
      settings.peers,
      logger,
      () => this.isReady,
      endpoints => {
        this.engine?.setSeeds(network.now(), endpoints);
        this.drainSoon();
      },
    );
    if (settings.keys === undefined) {
      logger.log(`No keys: homie ${formatEndpoint(this.address)} talks to this machine only.`);
    }
    void this.seeds.start();
  }

  private async bind(): Promise<DatagramSocket> {
    const { bind, isBindFlexible, network } = this.settings;
    const text = formatHostPort(bind);
    const listener = (from: { address: string; port: number }, datagram: Uint8Array) => {
      this.engine?.receive(network.now(), from, datagram);
      this.drainSoon();
    };
    try {
      const [address] = await network.resolve(bind.host);
      const local = { address: address!, port: bind.port };
      return await network.bind(local, listener).catch((error: unknown) => {
        if (!isBindFlexible || codeOf(error) !== 'EADDRINUSE') throw error;
        return network.bind({ ...local, port: 0 }, listener);
      });
    } catch (error) {
      throw new GwyhBindError(text, codeOf(error), error);
    }
  }

  private async shut(): Promise<void> {
    const wasRunning = this.state === 'running';
    const { starting } = this;
    this.state = 'closed';
    this.seeds?.stop();
    this.strangers?.stop();
    // A start that is under way ends by itself when it sees the state.
    if (!wasRunning && starting !== undefined) await starting.catch(() => undefined);
    const { network } = this.settings;
    if (wasRunning) {
      // Twice, since one datagram may get lost; in between, what waits has time to leave.
      this.announceLeave();
      await new Promise<void>(resolve => network.schedule(network.now() + LEAVE_MS, resolve));
      this.announceLeave();
    }
    this.cancelTimer();
    await this.socket?.close();
    for (const settle of [...this.readinessListeners]) settle(false);
    this.readinessListeners.clear();
    this.broadcastListeners.clear();
    this.memberListeners.clear();
  }

  private announceLeave(): void {
    this.engine!.leave(this.settings.network.now());
    this.drain();
  }

  /** Sends what this turn brought once all of its input is in: frames for the same peer share datagrams. */
  private drainSoon(): void {
    if (this.isDrainDue) return;
    this.isDrainDue = true;
    this.settings.network.endOfTurn(this.drain);
  }

  private readonly drain = (): void => {
    this.isDrainDue = false;
    const { engine, socket } = this;
    if (engine === undefined || socket === undefined) return;
    const { network } = this.settings;
    let isBlocked = false;
    for (;;) {
      isBlocked = socket.queuedBytes > SOCKET_QUEUE_BYTES;
      if (isBlocked) break;
      const transmit = engine.nextTransmit();
      if (transmit === undefined) break;
      socket.send(transmit.to, transmit.datagram);
    }
    for (let event = engine.nextEvent(); event !== undefined; event = engine.nextEvent()) this.dispatch(event);
    if (this.state !== 'closed') this.wakeAt(isBlocked ? network.now() + SOCKET_RETRY_MS : engine.deadline());
  };

  private wakeAt(at: number): void {
    if (at === this.timerAt) return;
    this.cancelTimer();
    this.timerAt = at;
    if (at === Infinity) return;
    this.cancelTimer = this.settings.network.schedule(at, () => {
      this.timerAt = Infinity;
      this.engine!.timeout(this.settings.network.now());
      this.drain();
    });
  }

  private dispatch(event: EngineEvent): void {
    switch (event.type) {
      case 'broadcast':
        return this.deliver(event.payload, metaOf(event));
      case 'no_key_fits':
        return this.strangers?.noKeyFits(event.endpoint);
      case 'clock_skew':
        return this.strangers?.clockSkew(event.endpoint, event.skewMs);
      case 'ready':
      case 'unready':
        for (const listener of [...this.readinessListeners]) this.guard(() => listener(event.type === 'ready'));
        return;
      default: {
        const listeners = this.memberListeners.get(event.type);
        if (listeners === undefined) return;
        const info = this.describe(event.member);
        for (const listener of listeners) this.guard(() => listener(info));
      }
    }
  }

  private deliver(payload: Uint8Array, meta: BroadcastMeta): void {
    for (const listener of this.broadcastListeners) {
      try {
        listener(payload, meta);
      } catch (error) {
        this.listenerFailed(error);
      }
    }
  }

  private deliverToSelf(payload: Uint8Array, sequence: number): void {
    const meta = { origin: { id: this.id, zone: this.zone }, sequence, hops: 0, receivedFrom: this.id };
    this.settings.network.endOfTurn(() => this.deliver(payload, meta));
  }

  private guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.listenerFailed(error);
    }
  }

  private listenerFailed(error: unknown): void {
    this.listenerErrors++;
    this.settings.logger.error(`A listener threw: ${error instanceof Error ? error.stack : String(error)}`);
  }

  private describe(member: Member): MemberInfo {
    const peer = this.engine?.peer(member.id);
    return {
      id: member.id,
      address: formatEndpoint(member.endpoint),
      zone: member.zone,
      state: member.state,
      feed: peer?.isFeedActive ?? false,
      subscriber: peer?.isSubscriber ?? false,
      roundTripMs: peer?.roundTrip.smoothedMs,
    };
  }
}

const ACCEPTED = Promise.resolve();

function metaOf(event: BroadcastEvent): BroadcastMeta {
  return {
    origin: { id: event.origin, zone: event.originZone },
    sequence: event.sequence,
    hops: event.hops,
    receivedFrom: event.receivedFrom,
  };
}

function areZones(zones: readonly string[]): boolean {
  return (
    Array.isArray(zones) &&
    zones.length >= 1 &&
    zones.length <= MAX_SCOPE_ZONES &&
    zones.every(zone => typeof zone === 'string' && zone !== '' && Buffer.byteLength(zone) <= MAX_ZONE_BYTES)
  );
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}
