import { GwyhEngine } from '../engine/engine.js';
import { BroadcastEvent, type EngineEvent } from '../engine/engine-event.js';
import { ENGINE_DEFAULTS } from '../engine/engine-options.js';
import { formatEndpoint } from '../engine/endpoint.js';
import { type NodeId, randomNodeId } from '../engine/node-id.js';
import { MAX_ZONE_BYTES } from '../engine/wire/member-codec.js';
import { MAX_SCOPE_ZONES } from '../engine/wire/segment-frame.js';
import type { BroadcastResult } from '../engine/broadcast/dissemination.js';
import { bindSocket } from './bind-socket.js';
import { BroadcastQueue } from './broadcast-queue.js';
import type { DatagramSocket } from './datagram-network.js';
import { EnginePump } from './engine-pump.js';
import { GwyhClosedError, GwyhNotReadyError, GwyhOptionsError } from './errors.js';
import { sayFarewell } from './farewell.js';
import type { GwyhNodeOptions } from './gwyh-node-options.js';
import { formatHostPort, isWildcardHost } from './host-port.js';
import { checkKeys, makeKeyring } from './keys.js';
import { describeLink, type LinkInfo } from './link-info.js';
import { describeMember } from './member-info.js';
import {
  type BroadcastListener,
  type BroadcastOptions,
  type MemberEventName,
  type LostMessage,
  type MemberInfo,
  NodeListeners,
} from './node-listeners.js';
import { type NodeSettings, resolveSettings } from './node-settings.js';
import { SeedResolver } from './seed-resolver.js';
import { StrangerWarnings } from './stranger-warnings.js';

export type { LinkInfo } from './link-info.js';
export type {
  BroadcastListener,
  BroadcastMeta,
  BroadcastOptions,
  LostMessage,
  MemberEventName,
  MemberInfo,
} from './node-listeners.js';

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
  private pump: EnginePump | undefined;
  private queue: BroadcastQueue | undefined;
  private readonly listeners: NodeListeners;

  /** Throws a GwyhOptionsError that names the option, its value and the fix. */
  constructor(options: GwyhNodeOptions = {}) {
    this.settings = resolveSettings(options, process.env);
    this.listeners = new NodeListeners(this.settings.logger);
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
      let cancelTimeout: (() => void) | undefined;
      const forget = this.listeners.onReadiness(isReady => {
        if (!isReady && this.state !== 'closed') return;
        forget();
        cancelTimeout?.();
        if (isReady) resolve();
        else reject(new GwyhClosedError('The node was closed before it was ready.'));
      });
      if (options.timeoutMs === undefined) return;
      cancelTimeout = network.schedule(network.now() + options.timeoutMs, () => {
        forget();
        const tried = peers.map(formatHostPort).join(', ');
        reject(new GwyhNotReadyError(`No homie found within ${options.timeoutMs} ms. Peers tried: ${tried}.`));
      });
    });
  }

  /** Registers a listener for broadcasts; returns what takes it off again. */
  onBroadcast(listener: BroadcastListener): () => void {
    return this.listeners.onBroadcast(listener);
  }

  /**
   * The same, without a view of the payload for each broadcast: for transports on top.
   *
   * @internal
   */
  onBroadcastEvent(listener: (event: BroadcastEvent) => void): () => void {
    return this.listeners.onBroadcastEvent(listener);
  }

  /** Registers a listener for members, our own readiness, or large messages of which only a part came; returns what takes it off. */
  on(event: MemberEventName, listener: (member: MemberInfo) => void): () => void;
  on(event: 'ready' | 'unready', listener: () => void): () => void;
  on(event: 'messageLost', listener: (message: LostMessage) => void): () => void;
  on(event: MemberEventName | 'ready' | 'unready' | 'messageLost', listener: (told: never) => void): () => void {
    if (event === 'messageLost') return this.listeners.onMessageLost(listener as (message: LostMessage) => void);
    if (event !== 'ready' && event !== 'unready')
      return this.listeners.onMember(event, listener as (member: MemberInfo) => void);
    return this.listeners.onReadiness(isReady => {
      if (isReady === (event === 'ready')) (listener as () => void)();
    });
  }

  /**
   * Sends a message to all homies, or to those of some zones. Resolves when it is accepted, which waits for room in the
   * queues to the peers: whoever awaits it goes no faster than they do. Nobody confirms arrivals. The payload is copied before
   * this returns, so that it may be changed afterwards.
   * Rejects with a GwyhMessageTooLargeError, a GwyhClosedError, a GwyhOptionsError for zones, or a GwyhQueueFullError when
   * 8,192 broadcasts or 16 MiB wait already, or 1,024 and the first of them for a quarter of a second.
   */
  broadcast(payload: Uint8Array, options?: BroadcastOptions): Promise<void> {
    const { queue } = this;
    if (queue === undefined || this.state !== 'running') {
      return Promise.reject(new GwyhClosedError('The node is not running: await start() first.'));
    }
    if (!(payload instanceof Uint8Array)) {
      return Promise.reject(new GwyhOptionsError('payload', payload, 'give a Uint8Array or Buffer.'));
    }
    const zones = options?.zones;
    if (zones !== undefined && !areZones(zones)) {
      const fix = `give 1 to ${MAX_SCOPE_ZONES} names of 1 to ${MAX_ZONE_BYTES} bytes of UTF-8.`;
      return Promise.reject(new GwyhOptionsError('zones', zones, fix));
    }
    return queue.broadcast(payload, zones);
  }

  /** All homies known to live, without this one. */
  members(): MemberInfo[] {
    return this.engine?.members.map(member => describeMember(member, this.engine?.peer(member.id))) ?? [];
  }

  /** The homies that this one exchanges broadcasts with: rate, round trip, losses and queue of each. */
  links(): LinkInfo[] {
    return this.engine?.links.map(describeLink) ?? [];
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
      listenerErrors: this.listeners.errors,
      sendErrors: this.socket?.sendErrors ?? 0,
      socketQueueBytes: this.socket?.queuedBytes ?? 0,
      broadcastsWaiting: this.queue?.length ?? 0,
      broadcastsWaitingBytes: this.queue?.bytes ?? 0,
      broadcastsRefused: this.queue?.refused ?? 0,
      ...this.pump?.metrics,
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
    this.pump?.drainSoon();
  }

  /** Sends what waits, announces the leave, and unbinds. Repeated calls wait for the first. */
  close(): Promise<void> {
    return (this.closing ??= this.shut());
  }

  private async open(): Promise<void> {
    this.state = 'starting';
    const { settings } = this;
    const { network, logger } = settings;
    try {
      const keyring = await makeKeyring(settings.cluster, settings.keys);
      const socket = await bindSocket(settings, (from, datagram) => this.pump?.receive(from, datagram));
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
          maxDatagramBytes: settings.maxDatagramBytes,
          repairCache: settings.repairCache,
          timeLockMs: settings.timeLockMs,
          receiveBufferBytes: socket.receiveBufferBytes ?? ENGINE_DEFAULTS.receiveBufferBytes,
          random: network.random,
          wallClock: () => network.wallClock(),
        },
        network.now(),
      );
      const queue = new BroadcastQueue(
        (payload, zones) => this.send(payload, zones),
        () => network.now(),
        callback => network.endOfTurn(callback),
        this.settings.maxMessageBytes,
      );
      this.queue = queue;
      this.pump = new EnginePump(this.engine, network, socket, event => this.dispatch(event), queue.retry);
      this.state = 'running';
    } catch (error) {
      // A node that was closed meanwhile stays so.
      if ((this.state as NodeState) === 'starting') this.state = 'new';
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
        this.pump?.drainSoon();
      },
    );
    if (settings.keys === undefined) {
      logger.log(`No keys: homie ${formatEndpoint(this.address)} talks to this machine only.`);
    }
    void this.seeds.start();
  }

  private async shut(): Promise<void> {
    const wasRunning = this.state === 'running';
    const { starting } = this;
    this.state = 'closed';
    this.seeds?.stop();
    this.strangers?.stop();
    // A start that is under way ends by itself when it sees the state.
    if (!wasRunning && starting !== undefined) await starting.catch(() => undefined);
    if (wasRunning) await sayFarewell(this.settings.network, this.engine!, this.queue!, this.pump!, this.socket!);
    this.queue?.close(new GwyhClosedError('The node was closed before the broadcast was sent.'));
    this.pump?.stop();
    this.engine?.wipe();
    await this.socket?.close();
    this.listeners.tellReadiness(false);
    this.listeners.clear();
  }

  private dispatch(event: EngineEvent): void {
    switch (event.type) {
      case 'broadcast':
        return this.listeners.tellBroadcast(event);
      case 'message_lost':
        return this.listeners.tellMessageLost(event.message);
      case 'no_key_fits':
        return this.strangers?.noKeyFits(event.endpoint);
      case 'clock_skew':
        return this.strangers?.clockSkew(event.endpoint, event.skewMs);
      case 'ready':
      case 'unready':
        return this.listeners.tellReadiness(event.type === 'ready');
      default:
        if (!this.listeners.hasMemberListeners(event.type)) return;
        this.listeners.tellMember(event.type, describeMember(event.member, this.engine?.peer(event.member.id)));
    }
  }

  /** Hands a broadcast to the engine. */
  private send(payload: Uint8Array, zones: readonly string[] | undefined): BroadcastResult {
    const { settings } = this;
    const engine = this.engine!;
    const sequence = engine.lastSequence + 1;
    const result = engine.broadcast(settings.network.now(), payload, zones);
    if (result !== 'accepted') return result;
    this.pump!.drainSoon();
    if (settings.deliverToSelf && (zones === undefined || zones.includes(this.zone))) {
      // Not `slice`: that of a Buffer shares its memory, which the caller may change.
      this.deliverToSelf(new Uint8Array(payload), sequence);
    }
    return result;
  }

  private deliverToSelf(payload: Uint8Array, sequence: number): void {
    const { id, zone } = this;
    const event = new BroadcastEvent({ id, zone }, sequence, 0, id, payload, 0, payload.length);
    this.settings.network.endOfTurn(() => this.listeners.tellBroadcast(event));
  }
}

function areZones(zones: readonly string[]): boolean {
  return (
    Array.isArray(zones) &&
    zones.length >= 1 &&
    zones.length <= MAX_SCOPE_ZONES &&
    zones.every(zone => typeof zone === 'string' && zone !== '' && Buffer.byteLength(zone) <= MAX_ZONE_BYTES)
  );
}
