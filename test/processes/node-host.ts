/** A process that holds nodes, for tests that need several processes. */
import { GwyhNode, type GwyhNodeOptions, type MemberEventName } from 'nestjs-gwyh/node';
import { monotonicMs } from './clock.js';
import { serve } from './commands.js';
import { filledMessage, summaryOf } from './message.js';

/** What a node told of another one. */
export interface Change {
  readonly atMs: number;
  readonly observer: string;
  readonly event: MemberEventName;
  readonly member: string;
}

/** What a process has done so far. */
export interface Work {
  /** Processor time, ms. */
  readonly cpuMs: number;
  /** By all its nodes. */
  readonly datagramsReceived: number;
}

const nodes: GwyhNode[] = [];
const changes: Change[] = [];
/** What each node received, long messages as a digest. */
const received: string[][] = [];

async function startNode(options: GwyhNodeOptions): Promise<{ id: string; port: number }> {
  const node = new GwyhNode(options);
  const texts: string[] = [];
  node.onBroadcast(payload => texts.push(summaryOf(payload)));
  for (const event of ['up', 'suspect', 'down', 'left'] as const) {
    node.on(event, ({ id }) => changes.push({ atMs: monotonicMs(), observer: node.id, event, member: id }));
  }
  await node.start();
  nodes.push(node);
  received.push(texts);
  return { id: node.id, port: node.address.port };
}

const commands = {
  /** One after the other, as the options say. */
  async start(options: readonly GwyhNodeOptions[]): Promise<{ id: string; port: number }[]> {
    const started = [];
    for (const each of options) started.push(await startNode(each));
    return started;
  },

  async ready(timeoutMs: number): Promise<void> {
    await Promise.all(nodes.map(node => node.ready({ timeoutMs })));
  },

  /** From one of the nodes, by its place. */
  broadcast: (place: number, text: string) => nodes[place]!.broadcast(Buffer.from(text)),

  /** A long message of so many bytes, made from a seed. Returns what others tell of it. */
  async broadcastFilled(place: number, bytes: number, seed: number): Promise<string> {
    const message = filledMessage(bytes, seed);
    await nodes[place]!.broadcast(message);
    return summaryOf(message);
  },

  /** Most memory that this process has had so far, and what it has now, bytes. */
  memory: () => ({ peakBytes: 1_024 * process.resourceUsage().maxRSS, bytes: process.memoryUsage.rss() }),

  /** The changes from the given one on. */
  changes: (since: number): Change[] => changes.slice(since),

  received: () => received,

  /** What each node received since the last time, which is forgotten here. */
  takeReceived: () => received.map(texts => texts.splice(0)),

  /** Ids of those that each node sees. */
  members: () => nodes.map(node => node.members().map(({ id }) => id)),

  /** Where the only node believes another one to be. */
  addressOf: (member: string) => nodes[0]!.members().find(({ id }) => id === member)?.address,

  work(): Work {
    const { user, system } = process.cpuUsage();
    const received = nodes.map(node => node.metrics().datagramsReceived!);
    return { cpuMs: (user + system) / 1_000, datagramsReceived: received.reduce((sum, each) => sum + each) };
  },

  metrics: () => nodes.map(node => node.metrics()),

  /** How many sockets, timers and the like the process holds open. */
  openResources: () => process.getActiveResourcesInfo().length,

  async close(): Promise<void> {
    await Promise.all(nodes.map(node => node.close()));
  },
};
export type NodeHost = typeof commands;

serve(commands);
