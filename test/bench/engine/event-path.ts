import 'reflect-metadata';
import { GwyhClientProxy, GwyhNode, GwyhServer } from '../../../lib/index.js';
import { pause, until } from '../processes.js';
import { LoopNetwork } from './loop-network.js';

/** Homies that take what one emits. */
const LISTENERS = 3;

/** How long everything is handed over at once, so that the stream's paths are chosen; and the longest it takes to link; ms. */
const CHOOSING_MS = 1_500;
const FORMING_MS = 60_000;

const PATTERN = 'bench.load';
const SILENT = { log() {}, warn() {}, error() {}, debug() {} };

/**
 * The way of an event through our own code: `emit()` to the datagrams for three links, and a datagram to the handler.
 * Nothing of the system is in it, nor of Nest's own pipeline around a handler.
 */
export class EventPath {
  /** Events that the handler of the first listener got. */
  handled = 0;
  private version = 0;
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
    for (const chosen = performance.now() + CHOOSING_MS; performance.now() < chosen;) {
      path.prepare(20);
      path.emit();
      network.settle();
      await pause(5);
    }
    return path;
  }

  /** Makes so many events, to be emitted later: the making is the application's. */
  prepare(events: number): void {
    this.events = Array.from({ length: events }, () => {
      const version = this.version++;
      return { run: 1, version, key: `product:${version}`, sentAtUs: 0 };
    });
  }

  /** Emits what was prepared in one turn; the datagrams wait in the network. */
  emit(): void {
    const { client, events } = this;
    for (let i = 0; i < events.length; i++) client.emit(PATTERN, events[i]);
    this.network.endTurn();
  }

  /** What waits for the first listener, up to its handler. */
  receive(): void {
    this.network.deliverTo(this.listener.address.port);
    this.network.endTurn();
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
