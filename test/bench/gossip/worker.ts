/** Holds many nodes of one network, in a process of its own. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { nowUs } from '../clock.js';
import { serveQuestions } from '../processes.js';
import { Arrivals, type ArrivalReport } from './arrivals.js';
import type { GossipNetwork, GossipNode, StartGossipNode } from './gossip-node.js';
import { startGwyhNode } from './gwyh-node.js';
import { encodeProbe } from './probe.js';

/** Messages of a burst between two looks at the network. */
const BATCH = 50;

/**
 * `start`: binds nodes; the ports of all nodes of the cluster are told with `ready`, which answers when the last one was
 * ready. `knowsAll`: whether each node knows so many others. `send`: messages of a run from one node, each awaited;
 * answers when the first was sent. `count`: deliveries so far. `collect`: garbage.
 */
export type GossipQuestion =
  | { kind: 'start'; ports: readonly number[]; seeds: readonly number[] }
  | { kind: 'ready'; ports: readonly number[] }
  | { kind: 'knowsAll'; others: number }
  | { kind: 'begin'; run: number; messages: number }
  | { kind: 'send'; node: number; run: number; from: number; messages: number }
  | { kind: 'count' }
  | { kind: 'report' }
  | { kind: 'collect' };

const network = process.argv[2] as GossipNetwork;
const nodes: GossipNode[] = [];
let arrivals = new Arrivals(0);

/** A package of its own, without types, that is there only when somebody asked for it. */
async function starter(): Promise<StartGossipNode> {
  if (network === 'gwyh') return startGwyhNode;
  const module = pathToFileURL(resolve('test/bench/peers/gossipsub/gossipsub-node.mjs')).href;
  return ((await import(module)) as { startGossipsubNode: StartGossipNode }).startGossipsubNode;
}

const startNode = await starter();

async function start(ports: readonly number[], seeds: readonly number[]): Promise<void> {
  arrivals = new Arrivals(ports.length);
  for (const [place, port] of ports.entries()) {
    nodes.push(await startNode({ port, seeds, onBroadcast: payload => arrivals.add(place, payload, nowUs()) }));
  }
}

async function send(node: GossipNode, run: number, from: number, messages: number): Promise<number> {
  const begunUs = nowUs();
  for (let i = 0; i < messages; i++) {
    await node.broadcast(encodeProbe({ run, sequence: from + i, sentAtUs: nowUs() }));
    if ((i + 1) % BATCH === 0) await new Promise(resolve => setImmediate(resolve));
  }
  return begunUs;
}

serveQuestions<GossipQuestion>('ready', async question => {
  switch (question.kind) {
    case 'start':
      return start(question.ports, question.seeds);
    case 'ready':
      await Promise.all(nodes.map(node => node.ready(question.ports)));
      return nowUs();
    case 'knowsAll':
      return nodes.every(node => node.known === question.others);
    case 'begin':
      return arrivals.begin(question.run, question.messages);
    case 'send':
      return send(nodes[question.node]!, question.run, question.from, question.messages);
    case 'count':
      return arrivals.count;
    case 'report':
      return arrivals.report() satisfies ArrivalReport;
    case 'collect':
      return globalThis.gc!();
  }
});
