import { monotonicMs, pause } from '../processes/clock.js';
import { mean, median } from '../processes/distribution.js';
import { Worker } from '../processes/worker.js';
import type { Figure } from './limit.js';
import type { EmitReport, HandlerReport, NestHost } from './nest-host.js';

const NEST_HOST = new URL('./nest-host.js', import.meta.url);
const KEY = `hex:${'4d'.repeat(32)}`;
const LOOK_EVERY_MS = 20;
const MEMORY_EVERY_MS = 500;
/** Limits: those of the goals of this project, and of memory what a process with full queues may take. */
const MOST_LAG_MS = 100;
const MOST_RECOVERY_MS = 1_000;
const MOST_GROWTH_SHARE = 0.05;
const MOST_RSS_MB = 512;

export interface TightLoopOptions {
  readonly processes: number;
  /** How long all of them emit in a loop that awaits each, and then without awaiting any, ms. */
  readonly awaitedMs: number;
  readonly unawaitedMs: number;
  /** Of each event, besides its numbers. */
  readonly bytes: number;
  /** Nothing may take longer, ms. */
  readonly hangMs: number;
}

/** Everybody emits to everybody, as fast as it can. */
export async function tightLoop(options: TightLoopOptions, tell: (text: string) => void): Promise<Figure[]> {
  const homies = Array.from({ length: options.processes }, () => Worker.start<NestHost>(NEST_HOST));
  try {
    await start(homies, options.hangMs);
    return [...(await awaited(homies, options, tell)), ...(await unawaited(homies, options, tell))];
  } finally {
    await Promise.all(homies.map(homie => homie.kill()));
  }
}

async function awaited(homies: Homies, options: TightLoopOptions, tell: (text: string) => void): Promise<Figure[]> {
  const { awaitedMs, bytes, hangMs } = options;
  tell(`${homies.length} processes emit for ${awaitedMs / 1_000} s and await each event`);
  await Promise.all(homies.map(homie => homie.ask('resetLag')));
  const before = await reportsOf(homies);
  const watch = watchMemory(homies);
  const emits = await Promise.all(homies.map(homie => homie.ask('loop', awaitedMs, bytes)));
  const memory = await watch.end();
  const growths = growthShares(memory);
  const { reports, missing, deliveries } = await settled(homies, emits, hangMs);
  const rates = emits.map(({ emitted }) => (1_000 * emitted) / awaitedMs);
  return [
    { name: 'awaited: events of a process', value: mean(rates), unit: '/s' },
    { name: 'awaited: events of the slowest process', value: Math.min(...rates), unit: '/s' },
    { name: 'awaited: deliveries', value: deliveries, unit: '' },
    { name: 'awaited: not handled', value: missing, unit: '', most: 0 },
    { name: 'awaited: handled twice', value: sum(reports.map(each => each.duplicates)), unit: '', most: 0 },
    { name: 'awaited: event loop lag, p99', value: worst(reports, 'lagP99Ms'), unit: 'ms', most: MOST_LAG_MS },
    { name: 'awaited: event loop lag, most', value: worst(reports, 'lagMaxMs'), unit: 'ms' },
    { name: 'awaited: memory, growth of half of them', value: median(growths), unit: 'share', most: MOST_GROWTH_SHARE },
    { name: 'awaited: memory, most growth', value: Math.max(...growths), unit: 'share' },
    { name: 'awaited: memory, most', value: megabytes(Math.max(...memory.flat())), unit: 'MB' },
    ...drops('awaited', before, reports),
  ];
}

async function unawaited(homies: Homies, options: TightLoopOptions, tell: (text: string) => void): Promise<Figure[]> {
  const { unawaitedMs, bytes, hangMs } = options;
  tell(`they emit for ${unawaitedMs / 1_000} s and await nothing`);
  const before = await reportsOf(homies);
  const [handledBefore, lostBefore] = totals(before);
  const watch = watchMemory(homies);
  const emits = await Promise.all(homies.map(homie => homie.ask('flood', unawaitedMs, bytes)));
  let reports = await reportsOf(homies);
  await until('the end of each flood reaches all', hangMs, async () => {
    reports = await reportsOf(homies);
    return reports.every((_, to) =>
      homies.every((_, from) => from === to || markerAt(reports, from, to) !== undefined),
    );
  });
  const arrivals = reports.flatMap((_, to) => homies.map((_, from) => markerAt(reports, from, to) ?? 0));
  const memory = await watch.end();
  const refused = sum(emits.map(each => each.refused));
  const accepted = sum(emits.map(each => each.emitted)) - refused;
  const expected = accepted * (homies.length - 1);
  let missing = NaN;
  let uncounted = NaN;
  // What was lost on the way may be repaired still, after the end of the flood has come.
  for (const deadline = monotonicMs() + hangMs; ; await pause(LOOK_EVERY_MS)) {
    const [handled, lost] = totals(reports);
    missing = expected - (handled - handledBefore);
    uncounted = Math.max(0, missing - (lost - lostBefore));
    if (uncounted === 0 || monotonicMs() > deadline) break;
    reports = await reportsOf(homies);
  }
  return [
    { name: 'unawaited: accepted', value: accepted, unit: '' },
    { name: 'unawaited: refused with GwyhQueueFullError', value: refused, unit: '' },
    { name: 'unawaited: failed otherwise', value: sum(emits.map(each => each.failed)), unit: '', most: 0 },
    { name: 'unawaited: not handled', value: missing, unit: '' },
    {
      name: 'unawaited: not handled and not counted',
      value: uncounted,
      unit: '',
      most: 0,
    },
    { name: 'unawaited: memory, most', value: megabytes(Math.max(...memory.flat())), unit: 'MB', most: MOST_RSS_MB },
    {
      name: 'unawaited: until all have the last event',
      value: Math.max(...arrivals) - Math.max(...emits.map(each => each.endedAtMs)),
      unit: 'ms',
      most: MOST_RECOVERY_MS,
    },
    ...drops('unawaited', before, reports),
  ];
}

type Homies = readonly Worker<NestHost>[];

async function start(homies: Homies, hangMs: number): Promise<void> {
  const options = { zone: 'load', keys: [KEY], bind: '127.0.0.1:0' };
  const port = await homies[0]!.ask('start', 0, { ...options, peers: [] });
  const peers = [`127.0.0.1:${port}`];
  await Promise.all(homies.slice(1).map((homie, i) => homie.ask('start', i + 1, { ...options, peers })));
  await until('all see all', hangMs, async () => {
    const seen = await Promise.all(homies.map(homie => homie.ask('sees', homies.length - 1)));
    return seen.every(each => each);
  });
}

/** Waits until everything that was emitted is handled, or nothing more comes. */
async function settled(homies: Homies, emits: readonly EmitReport[], hangMs: number) {
  const expected = sum(emits.map(({ emitted }) => emitted)) * (homies.length - 1);
  let reports = await reportsOf(homies);
  let [handled] = totals(reports);
  for (let changedAt = monotonicMs(); handled < expected && monotonicMs() - changedAt < hangMs;) {
    await pause(LOOK_EVERY_MS);
    reports = await reportsOf(homies);
    const before = handled;
    [handled] = totals(reports);
    if (handled > before) changedAt = monotonicMs();
  }
  return { reports, missing: expected - handled, deliveries: handled };
}

function reportsOf(homies: Homies): Promise<HandlerReport[]> {
  return Promise.all(homies.map(homie => homie.ask('report')));
}

/** Events that were handled so far, and that were counted as lost. */
function totals(reports: readonly HandlerReport[]): [handled: number, lost: number] {
  return [sum(reports.flatMap(({ handled }) => handled)), metricOf(reports, 'drop.segment_lost')];
}

/** What was dropped meanwhile, by its reason: where nothing is lost, repairs made up for it. */
function drops(part: string, before: readonly HandlerReport[], after: readonly HandlerReport[]): Figure[] {
  const names = new Set(after.flatMap(({ metrics }) => Object.keys(metrics)));
  return [...names]
    .filter(name => name.startsWith('drop.'))
    .map(name => ({ name: `${part}: ${name}`, value: metricOf(after, name) - metricOf(before, name), unit: '' }))
    .filter(({ value }) => value > 0);
}

function metricOf(reports: readonly HandlerReport[], name: string): number {
  return sum(reports.map(({ metrics }) => metrics[name] ?? 0));
}

function markerAt(reports: readonly HandlerReport[], from: number, to: number): number | undefined {
  return reports[to]!.markersAtMs[from];
}

/** Memory of all processes, again and again, until it is ended. Returns the samples of each, bytes. */
function watchMemory(homies: Homies) {
  const samples: number[][] = homies.map(() => []);
  const looks: Promise<void>[] = [];
  const look = async () => {
    const reports = await reportsOf(homies);
    reports.forEach(({ rssBytes }, i) => samples[i]!.push(rssBytes));
  };
  const timer = setInterval(() => looks.push(look()), MEMORY_EVERY_MS);
  return {
    async end(): Promise<number[][]> {
      clearInterval(timer);
      await Promise.all([...looks, look()]);
      return samples;
    },
  };
}

/**
 * By which share the memory of each process was larger in the last quarter than in the one before. Until then caches fill up. All do
 * the same, so that a leak shows in each; what one of them needed more for a moment the runtime does not give back.
 */
function growthShares(memory: readonly (readonly number[])[]): number[] {
  return memory.map(samples => {
    const quarter = Math.max(1, samples.length >> 2);
    return mean(samples.slice(-quarter)) / mean(samples.slice(-2 * quarter, -quarter)) - 1;
  });
}

async function until(name: string, hangMs: number, condition: () => Promise<boolean>): Promise<void> {
  for (const deadline = monotonicMs() + hangMs; !(await condition()); await pause(LOOK_EVERY_MS)) {
    if (monotonicMs() > deadline) throw new Error(`still not after ${hangMs / 1_000} s: ${name}`);
  }
}

function worst(reports: readonly HandlerReport[], figure: 'lagP99Ms' | 'lagMaxMs'): number {
  return Math.max(...reports.map(report => report[figure]));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function megabytes(bytes: number): number {
  return bytes / 1_048_576;
}
