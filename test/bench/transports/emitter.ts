/** A Nest application that emits on command, in a process of its own. */
import { lastValueFrom } from 'rxjs';
import { nowUs } from '../clock.js';
import { pause, serveQuestions } from '../processes.js';
import { createEmitter } from './applications.js';
import { BENCH_PATTERN, type BenchEvent, type TransportName } from './transport.js';

/** Events emitted between two awaits: enough to keep the emitter busy, few enough to let it breathe. */
const BATCH = 100;

/** At a steady rate, the emitter wakes up this often, ms. */
const STEADY_STEP_MS = 1;

/**
 * `emit`: so many events, as fast as it goes, awaiting every hundredth; or, with a rate, evenly and with the time of each
 * in it. `reaches`: whether so many listeners are in reach.
 */
export type EmitterQuestion =
  { kind: 'emit'; run: number; events: number; perSecond?: number } | { kind: 'reaches'; listeners: number };

export interface EmitterReport {
  readonly begunUs: number;
  readonly tookUs: number;
}

const [transport, port] = process.argv.slice(2) as [TransportName, string];
const emitter = await createEmitter(transport, Number(port));
const { client } = emitter;

function emit(run: number, version: number, sentAtUs: number) {
  const event: BenchEvent = { run, version, key: `product:${version}`, sentAtUs };
  return client.emit(BENCH_PATTERN, event);
}

async function flatOut(run: number, events: number): Promise<void> {
  for (let sent = 0; sent < events;) {
    const end = Math.min(events, sent + BATCH) - 1;
    while (sent < end) emit(run, sent++, 0);
    await lastValueFrom(emit(run, sent++, 0), { defaultValue: undefined });
    await new Promise(resolve => setImmediate(resolve));
  }
}

async function steady(run: number, events: number, perSecond: number): Promise<void> {
  const begunUs = nowUs();
  for (let sent = 0; sent < events;) {
    const due = Math.min(events, Math.ceil(((nowUs() - begunUs) / 1e6) * perSecond));
    while (sent < due) emit(run, sent++, nowUs());
    await pause(STEADY_STEP_MS);
  }
}

serveQuestions<EmitterQuestion>({ port: emitter.port }, async question => {
  if (question.kind === 'reaches') return emitter.reaches(question.listeners);
  const { run, events, perSecond } = question;
  const begunUs = nowUs();
  await (perSecond === undefined ? flatOut(run, events) : steady(run, events, perSecond));
  const report: EmitterReport = { begunUs, tookUs: nowUs() - begunUs };
  return report;
});
