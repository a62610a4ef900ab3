import assert from 'node:assert/strict';
import type { GwyhNodeOptions } from 'nestjs-gwyh';
import { type Distribution, distributionOf, round } from '../processes/distribution.js';
import { freePorts } from '../processes/free-ports.js';
import type { Change } from '../processes/node-host.js';
import type { ClusterFleet } from './cluster-fleet.js';

export interface ClusterOptions {
  /** Nodes in all, evenly spread over the processes. */
  readonly nodes: number;
  /** For how long a process stands still, ms. */
  readonly pauseMs: number;
  /** For how long nothing happens first, ms: nobody may be taken for dead then. */
  readonly quietMs: number;
  /** Left out, the nodes use their defaults. */
  readonly heartbeat: GwyhNodeOptions['heartbeat'];
}

/** All times in ms. */
export interface ClusterResult {
  readonly nodes: number;
  readonly processes: number;
  /** From the start of the first process until all nodes saw all. */
  readonly startMs: number;
  /** Processor time for that, the loading of the programs included. */
  readonly startCpuMsPerNode: number | undefined;
  /** Processors that all nodes together kept busy afterwards, while nothing happened. */
  readonly idleCpuShare: number | undefined;
  /** Processor time of the others from the kill until it was known everywhere, for each datagram that they received then. */
  readonly datagramMs: number | undefined;
  /** Nodes of a killed process: from its end until every node of the others had told of it. Over the killed nodes. */
  readonly detectionMs: Distribution | undefined;
  /** The same from the side of the others: until one of them had told of one of the killed. Over all such pairs. */
  readonly heardMs: Distribution | undefined;
  /** From the restart of that process, at the same addresses, until all nodes saw all, and no longer the killed ones. */
  readonly restartMs: number;
  /** Of the nodes of a process that stood still, how many others had taken for dead. */
  readonly pausedTakenForDead: number;
  /** From the moment it went on until all nodes saw all. */
  readonly healMs: number;
  /** How often a node was taken for dead that ran: all the time but where it was killed or stood still. */
  readonly falseDowns: number;
  /** Of these, how often it was a node that had stood still itself that told so, after it went on. */
  readonly falseDownsByPaused: number;
  /** How often a node that had stood still took another one of its process for dead, or believed those who did. */
  readonly downsOfPausedMates: number;
  /** A broadcast from each process after all that: until every node had it. */
  readonly reachMs: number;
}

const KEY = `hex:${'5a'.repeat(32)}`;
const PROCESSES = 3;
const [STEADY, PAUSED, KILLED] = [0, 1, 2] as const;
/** After the last arrival: a second copy would come meanwhile. */
const GRACE_MS = 300;

/** Kills one of three processes and starts it again, then lets another one stand still for a while. */
export async function killAndPause(
  fleet: ClusterFleet,
  options: ClusterOptions,
  tell: (text: string) => void,
): Promise<ClusterResult> {
  const { nodes, quietMs, pauseMs } = options;
  const perProcess = Math.floor(nodes / PROCESSES);
  const plan = await planOf(perProcess, options.heartbeat);
  try {
    tell(`${perProcess} nodes start in each of ${PROCESSES} processes`);
    const beganMs = fleet.now();
    await Promise.all(plan.map((each, place) => fleet.start(place, each)));
    await fleet.allSeeAll();
    const startMs = sinceLastChange(fleet, beganMs);
    const atStart = await fleet.work();
    const quietFromMs = fleet.now();
    await fleet.pass(quietMs);
    const afterQuiet = await fleet.work();
    const quietForMs = fleet.now() - quietFromMs;

    tell('one process is killed');
    const [dead, survivors] = [fleet.ids([KILLED]), fleet.ids([STEADY, PAUSED])];
    const beforeKill = await fleet.work([STEADY, PAUSED]);
    const killedMs = fleet.now();
    await fleet.kill(KILLED);
    await fleet.until('the killed are gone', () => fleet.views.areWithout(survivors, dead));
    const afterDetection = await fleet.work([STEADY, PAUSED]);
    const downs = fleet.views.firstDowns(survivors, dead, killedMs);

    tell('it is started again');
    const restartedMs = fleet.now();
    await fleet.start(KILLED, plan[KILLED]!);
    await fleet.allSeeAll();
    const restartMs = sinceLastChange(fleet, restartedMs);
    await fleet.pass(quietMs);

    tell(`another one stands still for ${pauseMs / 1_000} s`);
    const paused = fleet.ids([PAUSED]);
    const pausedMs = fleet.now();
    await fleet.standStill(PAUSED, pauseMs);
    tell('it goes on');
    const resumedMs = fleet.now();
    await fleet.allSeeAll();
    // Whoever hears late may still change its mind.
    await fleet.pass(quietMs);
    await fleet.allSeeAll();
    const healMs = sinceLastChange(fleet, resumedMs);

    // Of one that stands still nobody can know better, and the news of it may still travel when it goes on.
    const falseDowns = fleet.views.changes.filter(
      ({ event, member, atMs }) =>
        event === 'down' && !dead.includes(member) && (atMs < pausedMs || !paused.includes(member)),
    );
    const byPaused = falseDowns.filter(({ observer, atMs }) => paused.includes(observer) && atMs >= pausedMs);
    const ofMates = fleet.views.firstDowns(paused, paused, resumedMs);
    const takenForDead = fleet.views.firstDowns(fleet.ids([STEADY, KILLED]), paused, pausedMs);
    return {
      nodes: PROCESSES * perProcess,
      processes: PROCESSES,
      startMs,
      startCpuMsPerNode: atStart === undefined ? undefined : round(atStart.cpuMs / (PROCESSES * perProcess)),
      idleCpuShare: afterQuiet === undefined ? undefined : round((afterQuiet.cpuMs - atStart!.cpuMs) / quietForMs),
      datagramMs:
        afterDetection === undefined
          ? undefined
          : (afterDetection.cpuMs - beforeKill!.cpuMs) /
            (afterDetection.datagramsReceived - beforeKill!.datagramsReceived),
      detectionMs: distributionOf(latestOfEach(downs).map(atMs => atMs - killedMs)),
      heardMs: distributionOf(downs.map(({ atMs }) => atMs - killedMs)),
      restartMs,
      pausedTakenForDead: new Set(takenForDead.map(({ member }) => member)).size,
      healMs,
      falseDowns: falseDowns.length,
      falseDownsByPaused: byPaused.length,
      downsOfPausedMates: ofMates.length,
      reachMs: await reach(fleet),
    };
  } finally {
    await fleet.close();
  }
}

/** Options of the nodes, process by process. The first node of each process is a seed. */
async function planOf(perProcess: number, heartbeat: ClusterOptions['heartbeat']): Promise<GwyhNodeOptions[][]> {
  const ports = await freePorts(PROCESSES * perProcess);
  const binds = ports.map(port => `127.0.0.1:${port}`);
  const peers = [STEADY, PAUSED, KILLED].map(place => binds[place * perProcess]!);
  const common = { keys: [KEY], peers, ...(heartbeat !== undefined && { heartbeat }) };
  return [STEADY, PAUSED, KILLED].map(place =>
    binds.slice(place * perProcess, (place + 1) * perProcess).map(bind => ({ ...common, bind, zone: `zone-${place}` })),
  );
}

/** Of each member, when the last of the observers told of it; monotonic ms. */
function latestOfEach(changes: readonly Change[]): number[] {
  const latest = new Map<string, number>();
  for (const { member, atMs } of changes) latest.set(member, Math.max(latest.get(member) ?? 0, atMs));
  return [...latest.values()];
}

function sinceLastChange(fleet: ClusterFleet, fromMs: number): number {
  return Math.round((fleet.views.lastChange(fromMs) ?? fromMs) - fromMs);
}

/** A broadcast from one node of each process: every node receives it, once. Returns how long that took, ms. */
async function reach(fleet: ClusterFleet): Promise<number> {
  const places = [STEADY, PAUSED, KILLED];
  const beganMs = fleet.now();
  for (const place of places) await fleet.broadcast(place, `from process ${place}`);
  const origins = places.map(place => fleet.ids().indexOf(fleet.ids([place])[0]!));
  const expected = (node: number) => places.filter((_, i) => origins[i] !== node).map(place => `from process ${place}`);
  await fleet.until('a broadcast from each process reaches all', async () => {
    const received = await fleet.received(places);
    return received.every((texts, node) => expected(node).every(text => texts.includes(text)));
  });
  const tookMs = Math.round(fleet.now() - beganMs);
  await fleet.pass(GRACE_MS);
  for (const [node, texts] of (await fleet.received(places)).entries()) {
    assert.deepEqual(texts.sort(), expected(node), `what node ${node} received`);
  }
  return tookMs;
}
