import 'reflect-metadata';
import { GwyhClientProxy, GwyhNode, GwyhServer } from '../../../lib/index.js';
import { until } from '../processes.js';
import { LoopNetwork } from './loop-network.js';

/** Homies that take what one emits. */
const LISTENERS = 3;

/**
 * How long the first listener has to be asked by nobody to pass events on, so that the stream's paths count as chosen, and the
 * longest that this and the forming of links takes, ms. What is passed on is measured by an operation of its own.
 */
const CHOSEN_MS = 500;
const CHOOSING_MS = 60_000;
const FORMING_MS = 60_000;

/** After a pause of so long, ms, the stream may be quiet, and its paths have to be chosen again. */
const PAUSE_MS = 5_000;

const PATTERN = 'bench.load';
const SILENT = { log() {}, warn() {}, error() {}, debug() {} };

/**
 * The way of an event through our own code: `emit()` to the datagrams for three links, and a datagram to the handler.
 * Nothing of the system is in it, nor of Nest's own pipeline around a handler.
 */
export class EventPath {
  /** Events that the handler of the first listener got. */
  handled = 0;
  private handledBefore = 0;
  private version = 0;
  private emittedAt = -Infinity;
  private events: object[] = [];

  private constructor(
    private readonly network: LoopNetwork,
    private readonly emitter: GwyhNode,
    private readonly listener: GwyhNode,
    private readonly client: GwyhClientProxy,
    private readonly server: GwyhServer,
    private readonly others: readonly GwyhNode[],
  ) {}

  static async create(network = new LoopNetwork()): Promise<EventPath> {
    const nodes: GwyhNode[] = [];
    for (let i = 0; i <= LISTENERS; i++) {
      const peers = i === 0 ? [] : [`127.0.0.1:${nodes[0]!.address.port}`];
      const options = { zone: 'bench', bind: '127.0.0.1:0', keys: [`hex:${'07'.repeat(32)}`], peers };
      const node = new GwyhNode({ ...options, network, logger: SILENT });
      await node.start();
      nodes.push(node);
    }
    const [emitter, listener, ...others] = nodes as [GwyhNode, GwyhNode, ...GwyhNode[]];
    const client = new GwyhClientProxy(emitter, { logger: SILENT });
    const server = new GwyhServer(listener, { logger: SILENT });
    const path = new EventPath(network, emitter, listener, client, server, others);
    // As Nest's own it returns a promise, but always the same: what is measured is ours.
    const done = Promise.resolve();
    const handler = () => {
      path.handled++;
      return done;
    };
    server.addHandler(PATTERN, handler, true);
    server.listen(() => undefined);
    await client.connect();
    const isLinked = () => nodes.every(node => node.isReady && node.members().length === LISTENERS);
    const settle = () => {
      network.settle();
      return isLinked();
    };
    await until(settle, FORMING_MS, 'the homies of the bench to find each other');
    return path;
  }

  /** Emits until the paths of the stream are chosen; returns at once when they are. To be called before each run. */
  async choosePaths(): Promise<void> {
    if (!this.network.hasDelays || performance.now() - this.emittedAt < PAUSE_MS) return;
    const passedOn = () => this.listener.metrics()['segmentsSent'];
    let before = passedOn();
    let chosenAt = performance.now();
    const isChosen = () => {
      this.prepare(20);
      this.emit();
      this.settle();
      const now = passedOn();
      if (now !== before) chosenAt = performance.now();
      before = now;
      return performance.now() - chosenAt >= CHOSEN_MS;
    };
    await until(isChosen, CHOOSING_MS, 'the paths of the stream of the bench to be chosen');
  }

  /** Makes so many events, to be emitted later: the making is the application's. */
  prepare(events: number): void {
    this.events = Array.from({ length: events }, () => {
      const version = this.version++;
      // Joined, it is one string. Put together otherwise the runtime does that when it is first read, which we would be charged for.
      return { run: 1, version, key: ['product', version].join(':'), sentAtUs: 0 };
    });
  }

  /** Emits what was prepared in one turn; the datagrams wait in the network. */
  emit(): void {
    const { client, events } = this;
    this.emittedAt = performance.now();
    for (let i = 0; i < events.length; i++) client.emit(PATTERN, events[i]);
    this.network.endTurn();
  }

  /** Emits what was prepared, each in a turn of its own: what happens when there is little to do. */
  emitEach(): void {
    const { client, events, network } = this;
    this.emittedAt = performance.now();
    for (let i = 0; i < events.length; i++) {
      client.emit(PATTERN, events[i]);
      network.endTurn();
    }
  }

  /** Throws unless all that was prepared left in the turn of its emit: the figures would be those of less work. */
  checkSent(): void {
    const { outboxBytes, socketQueueBytes } = this.emitter.metrics();
    if (outboxBytes === 0 && socketQueueBytes === 0) return;
    throw new Error(`${outboxBytes} bytes of ${this.events.length} events still wait: prepare fewer at once`);
  }

  /** Makes ready what `receive` hands over. */
  beforeReceive(): void {
    this.network.cut(this.listener.address.port);
  }

  /** What waits for the first listener, up to its handler. */
  receive(): void {
    this.handledBefore = this.handled;
    this.network.deliverTo(this.listener.address.port);
    this.network.endTurn();
  }

  /** Throws unless the handler got all that was prepared in the last `receive`, for the same reason. */
  checkReceived(): void {
    const handled = this.handled - this.handledBefore;
    if (handled === this.events.length) return;
    throw new Error(`the first listener handled ${handled} of ${this.events.length} events that were emitted`);
  }

  /** Everything else that waits, to everybody. */
  settle(): void {
    this.network.settle();
  }

  get counters(): { emitter: Record<string, number>; listener: Record<string, number> } {
    return { emitter: this.emitter.metrics(), listener: this.listener.metrics() };
  }

  async close(): Promise<void> {
    await this.server.close();
    const closing = Promise.all([this.emitter, this.listener, ...this.others].map(node => node.close()));
    const timer = setInterval(() => this.network.settle(), 1);
    await closing;
    clearInterval(timer);
  }
}
