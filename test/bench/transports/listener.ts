/** A Nest application with one handler, in a process of its own: counts events and times them. */
import { Controller } from '@nestjs/common';
import { EventPattern, Payload } from '@nestjs/microservices';
import { GwyhNode } from '../../../lib/index.js';
import { nowUs } from '../clock.js';
import { serveQuestions } from '../processes.js';
import { createListener } from './applications.js';
import { BENCH_PATTERN, type BenchEvent, type TransportName } from './transport.js';

/** `begin` starts a run of so many events; `report` asks how it goes. */
export type ListenerQuestion = { kind: 'begin'; run: number; events: number } | { kind: 'report' };

export interface ListenerReport {
  readonly received: number;
  /** Events that were handled more than once: always 0, or a promise is broken. */
  readonly duplicates: number;
  readonly lastAtUs: number;
  readonly latenciesUs: readonly number[];
  /** Of gwyh since the start; empty for the others. */
  readonly metrics: Record<string, number>;
}

let run = 0;
let received = 0;
let duplicates = 0;
let seen = new Uint8Array(0);
let lastAtUs = 0;
let latenciesUs: number[] = [];

@Controller()
class BenchController {
  @EventPattern(BENCH_PATTERN)
  load(@Payload() event: BenchEvent): void {
    // What comes late from the run before counts for neither.
    if (event.run !== run) return;
    if (seen[event.version]++ > 0) duplicates++;
    lastAtUs = nowUs();
    received++;
    if (event.sentAtUs > 0) latenciesUs.push(lastAtUs - event.sentAtUs);
  }
}

const [transport, port] = process.argv.slice(2) as [TransportName, string];
const app = await createListener(transport, Number(port), BenchController);

serveQuestions<ListenerQuestion>('ready', question => {
  if (question.kind === 'begin') {
    run = question.run;
    seen = new Uint8Array(question.events);
    received = 0;
    duplicates = 0;
    latenciesUs = [];
    return undefined;
  }
  const metrics = transport === 'gwyh' ? app.get(GwyhNode).metrics() : {};
  const report: ListenerReport = { received, duplicates, lastAtUs, latenciesUs, metrics };
  return report;
});
