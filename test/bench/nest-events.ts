/**
 * What an event costs: one emitting Nest process, three receiving ones, real sockets on loopback, keys in use.
 * Prints a table, or one JSON object with `--json`.
 */
import 'reflect-metadata';
import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { GwyhClientProxy, GwyhModule, GwyhNode } from 'nestjs-gwyh';
import { lastValueFrom } from 'rxjs';
import type { ListenerReport } from './listener.js';

const LISTENERS = 3;
const EVENTS = 150_000;
/** Events a second of the steady load, which all processes together can carry on two cores. */
const STEADY_RATE = 10_000;
const STEADY_EVENTS = 50_000;
/** Events emitted between two awaits: enough to keep the emitter busy, few enough to let it breathe. */
const BATCH = 100;
const RUNS = 5;
const LATENCY_SAMPLES = 1_000;

let runNumber = 0;

process.env['GWYH_KEYS'] = `hex:${randomBytes(32).toString('hex')}`;

@Module({ imports: [GwyhModule.forRoot({ zone: 'bench', bind: '127.0.0.1:0', peers: [] })] })
class EmitterModule {}

const app = await NestFactory.createApplicationContext(EmitterModule, { logger: ['error', 'warn'] });
const node = app.get(GwyhNode);
const client = app.get(GwyhClientProxy);

const listeners: ChildProcess[] = [];
for (let i = 0; i < LISTENERS; i++) {
  const listener = fork(new URL('./listener.js', import.meta.url), {
    env: { ...process.env, GWYH_PEERS: `127.0.0.1:${node.address.port}` },
  });
  await once(listener, 'message');
  listeners.push(listener);
}
await until(() => node.subscriberCount === LISTENERS);

async function ask<Answer>(command: { run: number; events: number } | 'report'): Promise<Answer[]> {
  return Promise.all(
    listeners.map(async listener => {
      listener.send(command);
      const [answer] = (await once(listener, 'message')) as [Answer];
      return answer;
    }),
  );
}

/** Emits as fast as it goes, awaiting every hundredth event, or at a steady rate. */
async function load(events = EVENTS, perSecond = Infinity) {
  const run = ++runNumber;
  await ask({ run, events: events + 1 });
  const lostBefore = countedLost(await ask<ListenerReport>('report'));
  const cpuAtStart = process.cpuUsage();
  const begunUs = nowUs();
  for (let sent = 0; sent < events; sent += BATCH) {
    for (let i = 1; i < BATCH; i++) client.emit('bench.load', { key: `product:${sent + i}`, run, version: sent + i });
    await lastValueFrom(client.emit('bench.load', { key: `product:${sent}`, run, version: sent }));
    const aheadMs = ((sent + BATCH) / perSecond) * 1_000 - (nowUs() - begunUs) / 1_000;
    await (aheadMs > 0 ? pause(aheadMs) : new Promise(resolve => setImmediate(resolve)));
  }
  const emitUs = nowUs() - begunUs;
  let reports = await ask<ListenerReport>('report');
  for (let before = -1; before !== total(reports);) {
    before = total(reports);
    // Longer than the longest wait between two repair requests but the last few.
    await pause(1_500);
    reports = await ask<ListenerReport>('report');
  }
  const { user, system } = process.cpuUsage(cpuAtStart);
  const slowestUs = Math.max(...reports.map(report => report.lastAtUs)) - begunUs;
  return {
    emitPerSecond: Math.round((events / emitUs) * 1e6),
    receivedPerSecond: Math.round((Math.min(...reports.map(report => report.received)) / slowestUs) * 1e6),
    lost: LISTENERS * events - total(reports),
    countedAsLost: countedLost(reports) - lostBefore,
    duplicates: reports.reduce((sum, report) => sum + report.duplicates, 0),
    emitterUsPerEvent: round((user + system) / events),
    listenerUsPerEvent: round(reports.reduce((sum, report) => sum + report.cpuUs, 0) / LISTENERS / events),
  };
}

async function latency() {
  await ask({ run: ++runNumber, events: 0 });
  for (let i = 0; i < LATENCY_SAMPLES; i++) {
    client.emit('bench.latency', { sentAtUs: nowUs() });
    await pause(2);
  }
  await pause(300);
  const samples = (await ask<ListenerReport>('report')).flatMap(report => report.latenciesUs).sort((a, b) => a - b);
  return {
    p50Ms: round(samples[samples.length >> 1]! / 1_000),
    p99Ms: round(samples[Math.floor(samples.length * 0.99)]! / 1_000),
  };
}

function total(reports: readonly ListenerReport[]): number {
  return reports.reduce((sum, report) => sum + report.received, 0);
}

function countedLost(reports: readonly ListenerReport[]): number {
  return reports.reduce((sum, report) => sum + report.segmentsLost, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10);
}

await load();
const runs: Awaited<ReturnType<typeof load>>[] = [];
for (let run = 0; run < RUNS; run++) runs.push(await load());
const names = Object.keys(runs[0]!) as (keyof (typeof runs)[number])[];
const medians = Object.fromEntries(names.map(name => [name, median(runs.map(run => run[name]))]));
const steady = await load(STEADY_EVENTS, STEADY_RATE);
const result = {
  listeners: LISTENERS,
  events: EVENTS,
  runs: RUNS,
  node: process.version,
  flatOut: medians,
  steady,
  latency: await latency(),
};

if (process.argv.includes('--json')) console.log(JSON.stringify(result));
else {
  console.table(runs);
  console.log('flat out, medians:', medians);
  console.log('steady:', steady);
  console.log('unloaded latency, emit() to handler:', result.latency);
}
for (const listener of listeners) listener.kill();
await app.close();
