import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MOST_WAITING } from '../../../lib/runtime/broadcast-queue.js';
import { GwyhClosedError, GwyhQueueFullError } from '../../../lib/runtime/errors.js';
import { GwyhNode } from '../../../lib/runtime/gwyh-node.js';
import type { GwyhNodeOptions } from '../../../lib/runtime/gwyh-node-options.js';
import { VirtualNetwork } from '../../../lib/testing/virtual-network.js';

const KEY = `hex:${'0f'.repeat(32)}`;
const OTHER_KEY = `hex:${'f0'.repeat(32)}`;

let network: VirtualNetwork;
let nodes: GwyhNode[];
let logged: string[];

const logger = {
  log: (message: string) => void logged.push(`log ${message}`),
  warn: (message: string) => void logged.push(`warn ${message}`),
  error: (message: string) => void logged.push(`error ${message}`),
};

beforeEach(() => {
  network = new VirtualNetwork({ names: { 'gossip.test': ['10.0.0.1'], localhost: ['127.0.0.1'] } });
  nodes = [];
  logged = [];
});

afterEach(async () => {
  const closing = Promise.all(nodes.map(node => node.close()));
  await network.run(1_000);
  await closing;
});

async function start(options: GwyhNodeOptions = {}): Promise<GwyhNode> {
  const node = new GwyhNode({ network, logger, ...options });
  nodes.push(node);
  await node.start();
  return node;
}

/** The message a promise rejects with. */
function failure(promise: Promise<void>): Promise<string> {
  return promise.then(
    () => 'nothing',
    (error: Error) => error.message,
  );
}

const warnings = () => logged.filter(line => line.startsWith('warn'));

describe('nodes without any option', () => {
  it('of one machine find each other: the first takes port 6969, the others free ones', async () => {
    const first = await start();
    const others = [await start(), await start()];
    expect(first.address).toEqual({ address: '127.0.0.1', port: 6969, family: 'IPv4' });
    expect(others.map(node => node.address.port)).not.toContain(6969);
    expect(await network.runUntil(() => nodes.every(node => node.members().length === 2), 10_000)).toBe(true);
    expect(await network.runUntil(() => nodes.every(node => node.isReady), 10_000)).toBe(true);
    expect(warnings()).toEqual([]);
  });

  it('say that they talk to their own machine only', async () => {
    await start();
    expect(logged).toEqual(['log No keys: homie 127.0.0.1:6969 talks to this machine only.']);
  });

  it('find each other again when the first of them is replaced', async () => {
    const first = await start();
    await start();
    await network.runUntil(() => nodes[1]!.isReady, 10_000);
    const closing = first.close();
    await network.run(1_000);
    await closing;
    const third = await start();
    expect(third.address.port).toBe(6969);
    expect(await network.runUntil(() => third.isReady && nodes[1]!.isReady, 120_000)).toBe(true);
  });
});

describe('nodes with keys and nothing else', () => {
  it('bind all addresses, and find a peer by name', async () => {
    const first = await start({ keys: [KEY], peers: [] });
    network.names.set('first.test', [first.address.address]);
    const second = await start({ keys: [KEY], peers: ['first.test'] });
    expect(second.address.address).not.toBe(first.address.address);
    expect(await network.runUntil(() => first.isReady && second.isReady, 10_000)).toBe(true);
  });
});

describe('a node that cannot do what it is told', () => {
  it('refuses to bind more than loopback without keys', () => {
    expect(() => new GwyhNode({ network, bind: '0.0.0.0:7000' })).toThrow(
      'Option "bind" cannot be "0.0.0.0:7000": without "keys" a homie serves its own machine only.',
    );
  });

  it('tells that its port is taken, when it was asked for', async () => {
    await start({ bind: '127.0.0.1:7000' });
    await expect(start({ bind: '127.0.0.1:7000' })).rejects.toThrow(
      'Cannot bind "127.0.0.1:7000": another process has this port. Choose another port, or 0 for any free one.',
    );
  });

  it('can be started again after its port became free', async () => {
    const holder = await start({ bind: '127.0.0.1:7000' });
    const node = new GwyhNode({ network, logger, bind: '127.0.0.1:7000' });
    await expect(node.start()).rejects.toThrow('another process has this port');
    const closing = holder.close();
    await network.run(1_000);
    await closing;
    nodes.push(node);
    await node.start();
    expect(node.address.port).toBe(7000);
  });

  it('warns of a peer whose name is unknown, once a minute, and goes on with the others', async () => {
    await start({ bind: '10.0.0.1:6969', keys: [KEY], peers: [] });
    const node = await start({ bind: '10.0.0.2:6969', keys: [KEY], peers: ['nowhere.test:1', 'gossip.test'] });
    expect(await network.runUntil(() => node.isReady, 10_000)).toBe(true);
    await network.run(50_000);
    expect(warnings()).toEqual([
      'warn Cannot resolve the peer "nowhere.test:1" (ENOTFOUND). It is tried again; check the option "peers".',
    ]);
  });

  it('finds a peer whose name begins to resolve later, and one whose name moves', async () => {
    const node = await start({ bind: '10.0.0.2:6969', keys: [KEY], peers: ['late.test'] });
    await network.run(20_000);
    const peer = await start({ bind: '10.0.0.1:6969', keys: [KEY], peers: [] });
    network.names.set('late.test', ['10.0.0.1']);
    expect(await network.runUntil(() => node.isReady && peer.isReady, 20_000)).toBe(true);
  });

  it('warns that no key fits when peers have another one, once a minute', async () => {
    await start({ bind: '10.0.0.1:6969', keys: [KEY], peers: [] });
    await start({ bind: '10.0.0.2:6969', keys: [OTHER_KEY], peers: ['gossip.test'] });
    await network.run(50_000);
    const told = warnings().filter(line => line.includes('no key fits'));
    expect(told).toEqual([
      'warn Peers answer but no key fits: datagrams from 10.0.0.2:6969 open with none of our keys. ' +
        'Check that "keys" and "cluster" are the same everywhere.',
    ]);
    expect(nodes.map(node => node.isReady)).toEqual([false, false]);
  });

  it('warns that nobody answers', async () => {
    await start({ bind: '10.0.0.2:6969', keys: [KEY], peers: ['gossip.test'] });
    await network.run(14_000);
    expect(warnings()).toEqual([]);
    await network.run(2_000);
    expect(warnings()).toEqual([expect.stringContaining('No peer answers (gossip.test:6969): not started')]);
  });

  it('warns that a clock differs too much', async () => {
    const ahead = Object.assign(Object.create(network) as VirtualNetwork, {
      wallClock: () => network.wallClock() + 600_000,
    });
    await start({ bind: '10.0.0.1:6969', keys: [KEY], peers: [] });
    await start({ bind: '10.0.0.2:6969', keys: [KEY], peers: ['gossip.test'], network: ahead });
    await network.run(5_000);
    expect(warnings()).toEqual([
      'warn The clock of 10.0.0.2:6969 differs from ours by 600 s, more than "timeLockMs" (60000 ms) allows. ' +
        'Set the clocks, or the option.',
    ]);
  });
});

describe('broadcast()', () => {
  it('rejects before the start and after the close', async () => {
    const node = new GwyhNode({ network, logger });
    await expect(node.broadcast(Buffer.from('x'))).rejects.toThrow('await start() first');
    await node.close();
    await expect(node.broadcast(Buffer.from('x'))).rejects.toThrow('await start() first');
    await expect(node.start()).rejects.toThrow('The node was closed');
  });

  it('rejects what is too large, and names the limit', async () => {
    const node = await start({ maxMessageBytes: 2_000 });
    await expect(node.broadcast(Buffer.alloc(2_001))).rejects.toThrow(
      'The message has 2001 bytes, more than the 2000 of the option "maxMessageBytes".',
    );
  });

  it.each([[[]], [['']], [Array.from({ length: 9 }, () => 'z')], [['z'.repeat(65)]], ['a zone']])(
    'rejects the zones %j',
    async zones => {
      const node = await start();
      await expect(node.broadcast(Buffer.from('x'), { zones: zones as string[] })).rejects.toThrow('Option "zones"');
    },
  );

  it('is delivered to its own node as it was, when the caller changes its Buffer afterwards', async () => {
    const node = await start({ deliverToSelf: true });
    const heard: number[][] = [];
    node.onBroadcast(payload => void heard.push([...payload]));
    const buffer = Buffer.from([1, 2, 3]);
    await node.broadcast(buffer);
    buffer.fill(9);
    await network.run(10);
    expect(heard).toEqual([[1, 2, 3]]);
  });

  it('rejects what is no bytes', async () => {
    const node = await start();
    await expect(node.broadcast('text' as unknown as Uint8Array)).rejects.toThrow('give a Uint8Array or Buffer');
  });

  it('resolves when there is nobody to hear it, and counts that', async () => {
    const node = await start();
    await node.broadcast(Buffer.from('x'));
    expect(node.metrics()).toMatchObject({ broadcastsSent: 1, broadcastsUnheard: 1 });
  });

  it('waits for room: all that a caller awaits arrives, in order', async () => {
    const [first, second] = [await start(), await start()];
    await network.runUntil(() => first.isReady && second.isReady, 10_000);
    const received: number[] = [];
    second.onBroadcast(payload => received.push(payload[0]!));
    let sent = 0;
    const sending = (async () => {
      for (; sent < 10; sent++) await first.broadcast(Buffer.alloc(1_000_000, sent));
    })();
    await network.run(5);
    expect(sent).toBeLessThan(10);
    await network.run(10_000);
    await sending;
    await network.run(5_000);
    expect(received).toEqual([...Array(10).keys()]);
    expect(first.metrics()).toMatchObject({ 'drop.outbox_full': 0, 'drop.crowded_out': 0, broadcastsRefused: 0 });
  });

  it('rejects what a caller does not wait for, when too much waits already, and works again when that has gone', async () => {
    const [first, second] = [await start(), await start()];
    await network.runUntil(() => first.isReady && second.isReady, 10_000);
    let received = 0;
    second.onBroadcast(() => received++);
    const calls = MOST_WAITING + 30_000;
    const sending = Promise.allSettled(Array.from({ length: calls }, () => first.broadcast(Buffer.alloc(10))));
    expect(first.metrics().broadcastsWaiting).toBe(MOST_WAITING);
    await network.run(3_000);
    const refused = (await sending).filter(result => result.status === 'rejected');
    expect(refused.length).toBeGreaterThan(1_000);
    expect(refused[0]!.reason).toBeInstanceOf(GwyhQueueFullError);
    expect(first.metrics()).toMatchObject({ broadcastsRefused: refused.length, broadcastsWaiting: 0 });
    expect(received).toBe(calls - refused.length);
    await first.broadcast(Buffer.alloc(10));
  });

  it('rejects what still waits when the node is closed', async () => {
    const [first, second] = [await start(), await start()];
    await network.runUntil(() => first.isReady && second.isReady, 10_000);
    network.unlisten(second.address);
    const sending = Promise.allSettled(Array.from({ length: 12 }, () => first.broadcast(Buffer.alloc(1_000_000))));
    await Promise.all([first.close(), network.run(3_000)]);
    expect((await sending).at(-1)).toMatchObject({ status: 'rejected', reason: expect.any(GwyhClosedError) });
  });
});

describe('ready()', () => {
  it('rejects after its timeout and names the peers it tried', async () => {
    const node = await start({ bind: '10.0.0.2:6969', keys: [KEY], peers: ['gossip.test:7', '10.0.0.9'] });
    const [result] = await Promise.all([failure(node.ready({ timeoutMs: 3_000 })), network.run(3_000)]);
    expect(result).toBe('No homie found within 3000 ms. Peers tried: gossip.test:7, 10.0.0.9:6969.');
  });

  it('rejects when the node is closed meanwhile', async () => {
    const node = await start();
    const [result] = await Promise.all([failure(node.ready()), node.close(), network.run(1_000)]);
    expect(result).toBe('The node was closed before it was ready.');
  });
});

describe('listeners', () => {
  it('that throw are logged and counted, and harm nobody', async () => {
    const [first, second] = [await start(), await start()];
    await network.runUntil(() => first.isReady && second.isReady, 10_000);
    const heard: string[] = [];
    second.onBroadcast(() => {
      throw new Error('broken listener');
    });
    const off = second.onBroadcast(payload => heard.push(Buffer.from(payload).toString()));
    await first.broadcast(Buffer.from('one'));
    await network.run(100);
    off();
    await first.broadcast(Buffer.from('two'));
    await network.run(100);
    expect(heard).toEqual(['one']);
    expect(second.metrics().listenerErrors).toBe(2);
    expect(logged.filter(line => line.includes('broken listener')).length).toBe(2);
  });

  it('hear of members that come and go, and of readiness', async () => {
    const first = await start();
    const told: string[] = [];
    first.on('ready', () => told.push('ready'));
    first.on('unready', () => told.push('unready'));
    first.on('up', member => told.push(`up ${member.zone}`));
    first.on('left', member => told.push(`left ${member.zone}`));
    const second = await start({ zone: 'z' });
    await network.run(1_000);
    const closing = second.close();
    await network.run(1_000);
    await closing;
    expect(told.toSorted()).toEqual(['left z', 'ready', 'unready', 'up z']);
  });
});
