import assert from 'node:assert/strict';
import { monotonicMs, pause } from '../../processes/clock.js';
import { summaryOf } from '../../processes/message.js';
import { Cluster } from './cluster.js';
import { leftBehindMs } from './teardown.js';

/** Times in ms, by what they are of. */
export type Figures = Record<string, number>;

export interface Scenario {
  /** One word for `--only`. */
  readonly name: string;
  /** What holds. */
  readonly sentence: string;
  run(): Promise<Figures>;
}

const SECOND = 1_000;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'teardown',
    sentence: 'whatever ends a test, its namespaces and the processes in them end with it',
    run: async () => ({
      interruptedMs: await leftBehindMs('SIGINT'),
      terminatedMs: await leftBehindMs('SIGTERM'),
      killedMs: await leftBehindMs('SIGKILL'),
    }),
  },
  {
    name: 'start',
    sentence: 'five hosts find each other, and a broadcast from each reaches all',
    run: () => withCluster(async cluster => ({ reachMs: await cluster.reach() })),
  },
  {
    name: 'blink',
    sentence: 'a cable out for a second: nobody is taken for dead, and what was said meanwhile comes through',
    run: () =>
      withCluster(async cluster => {
        const pulledMs = monotonicMs();
        cluster.hosts.pull(3);
        await cluster.broadcast(0, 'said meanwhile');
        await pause(SECOND);
        cluster.hosts.plug(3);
        const pluggedMs = monotonicMs();
        await cluster.fleet.until('what was said meanwhile comes through', async () =>
          (await cluster.fleet.received([3]))[0]!.includes('said meanwhile'),
        );
        const repairMs = Math.round(monotonicMs() - pluggedMs);
        await cluster.heal(pluggedMs);
        assert.equal(cluster.fleet.views.downsSince(pulledMs), 0, 'nodes taken for dead');
        return { repairMs, reachMs: await cluster.reach() };
      }),
  },
  {
    name: 'cable',
    sentence: 'a cable is pulled: the others see that one go and it sees all go; plugged in again, all see all',
    run: () =>
      withCluster(async cluster => {
        const pulledMs = monotonicMs();
        cluster.hosts.pull(3);
        const others = cluster.places([3]);
        const downs = await cluster.downs(others, [3], pulledMs);
        const alone = await cluster.downs([3], others, pulledMs);
        const reachWithoutMs = await cluster.reach(others);
        const pluggedMs = monotonicMs();
        cluster.hosts.plug(3);
        const healMs = await cluster.heal(pluggedMs);
        const figures = { downFirstMs: Math.min(...downs), downLastMs: Math.max(...downs) };
        return { ...figures, aloneLastMs: Math.max(...alone), reachWithoutMs, healMs, reachMs: await cluster.reach() };
      }),
  },
  {
    name: 'cables',
    sentence: 'two cables are pulled and plugged in again at different times: all see all',
    run: () =>
      withCluster(async cluster => {
        cluster.hosts.pull(1);
        await pause(3 * SECOND);
        const secondPulledMs = monotonicMs();
        cluster.hosts.pull(4);
        const rest = cluster.places([1, 4]);
        const downs = await cluster.downs(rest, [4], secondPulledMs);
        await cluster.downs(rest, [1], 0);
        cluster.hosts.plug(1);
        await pause(3 * SECOND);
        const pluggedMs = monotonicMs();
        cluster.hosts.plug(4);
        const healMs = await cluster.heal(pluggedMs);
        return { downLastMs: Math.max(...downs), healMs, reachMs: await cluster.reach() };
      }),
  },
  {
    name: 'partition',
    sentence: 'two hosts are cut off from three: each side goes on, and after the end all see all',
    run: () =>
      withCluster(async cluster => {
        const [two, three] = [
          [0, 3],
          [1, 2, 4],
        ];
        const cutMs = monotonicMs();
        cluster.hosts.cutOff(two!);
        const downs = [...(await cluster.downs(two!, three!, cutMs)), ...(await cluster.downs(three!, two!, cutMs))];
        const sides = [await cluster.reach(two), await cluster.reach(three)];
        // Long enough that nothing is left over of the time before.
        await pause(20 * SECOND);
        const rejoinedMs = monotonicMs();
        cluster.hosts.rejoin(two!);
        const healMs = await cluster.heal(rejoinedMs);
        const reachWithoutMs = Math.max(...sides);
        return { downLastMs: Math.max(...downs), reachWithoutMs, healMs, reachMs: await cluster.reach() };
      }),
  },
  {
    name: 'address',
    sentence: 'a host gets another address: it stays who it is, and all know where it is now',
    run: () =>
      withCluster(async cluster => {
        const movedMs = monotonicMs();
        const address = cluster.hosts.readdress(3);
        await cluster.fleet.until('all know the new address', async () =>
          (await cluster.addressesOf(3)).every(known => known?.startsWith(`${address}:`)),
        );
        const knownMs = Math.round(monotonicMs() - movedMs);
        await cluster.heal(movedMs);
        return { knownMs, downs: cluster.fleet.views.downsSince(movedMs), reachMs: await cluster.reach() };
      }),
  },
  {
    name: 'restart',
    sentence: 'a process is killed and started again at the same address: all see the new one and not the old',
    run: () =>
      withCluster(async cluster => {
        const killedMs = monotonicMs();
        await cluster.restart(3);
        const healMs = await cluster.heal(killedMs);
        return { healMs, reachMs: await cluster.reach() };
      }),
  },
  {
    name: 'mtu',
    sentence: 'a link that silently drops what is longer than 1,280 bytes carries messages of a mebibyte both ways',
    run: () =>
      withCluster(
        async cluster => ({ largeMs: await largeBothWays(cluster), reachMs: await cluster.reach() }),
        hosts => hosts.narrow(3, 1_280),
      ),
  },
  {
    name: 'mtu-later',
    sentence:
      'a link that begins to drop what is longer than 1,280 bytes still carries messages of a mebibyte both ways',
    run: () =>
      withCluster(async cluster => {
        // Time to find out that the path takes more.
        await pause(10 * SECOND);
        const fullMs = await largeBothWays(cluster);
        cluster.hosts.narrow(3, 1_280);
        const beganMs = monotonicMs();
        const narrowMs = await largeBothWays(cluster);
        const downs = cluster.fleet.views.downsSince(beganMs);
        return { fullMs, narrowMs, downs, reachMs: await cluster.reach() };
      }),
  },
];

async function withCluster(
  run: (cluster: Cluster) => Promise<Figures>,
  prepare?: (hosts: Cluster['hosts']) => void,
): Promise<Figures> {
  const cluster = await Cluster.start(prepare);
  try {
    return await run(cluster);
  } finally {
    await cluster.close();
    assert.deepEqual(cluster.hosts.namespaces.existing(), [], 'namespaces that are left over');
  }
}

/** Large messages from and to host 3. Returns how long they took until all had them, ms. */
async function largeBothWays(cluster: Cluster): Promise<number> {
  const beganMs = monotonicMs();
  const large = [3, 0].map(from => ({ from, text: `${beganMs} from ${from} `.padEnd(1_048_576, 'gossip ') }));
  for (const { from, text } of large) await cluster.broadcast(from, text);
  await cluster.fleet.until('the large messages reach all', async () => {
    const received = await cluster.fleet.received(cluster.places());
    return large.every(({ from, text }) => {
      const summary = summaryOf(Buffer.from(text));
      return received.every((texts, host) => host === from || texts.includes(summary));
    });
  });
  return Math.round(monotonicMs() - beganMs);
}
