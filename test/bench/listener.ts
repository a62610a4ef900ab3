/** A Nest application with one handler, in a process of its own: counts events and times them. */
import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { EventPattern, Payload } from '@nestjs/microservices';
import { GwyhModule, GwyhNode } from 'nestjs-gwyh';

/** What a listener answers when it is asked for its counts. */
export interface ListenerReport {
  readonly received: number;
  /** Events that were handled more than once: always 0, or the promise is broken. */
  readonly duplicates: number;
  /** Segments that the engine counted as lost since the start of the process. */
  readonly segmentsLost: number;
  readonly latenciesUs: number[];
  readonly cpuUs: number;
  readonly firstAtUs: number;
  readonly lastAtUs: number;
}

let run = 0;
let received = 0;
let duplicates = 0;
let seen = new Uint8Array(0);
let firstAtUs = 0;
let lastAtUs = 0;
let latenciesUs: number[] = [];
let cpuAtStart = process.cpuUsage();

const nowUs = () => Number(process.hrtime.bigint() / 1_000n);

@Controller()
class BenchController {
  @EventPattern('bench.load')
  load(@Payload() event: { run: number; version: number }): void {
    // A repair of the run before that comes late counts for neither.
    if (event.run !== run) return;
    if (seen[event.version]++ > 0) duplicates++;
    lastAtUs = nowUs();
    if (received++ === 0) firstAtUs = lastAtUs;
  }

  @EventPattern('bench.latency')
  latency(@Payload() event: { sentAtUs: number }): void {
    latenciesUs.push(nowUs() - event.sentAtUs);
  }
}

@Module({
  imports: [GwyhModule.forRoot({ zone: 'bench', bind: '127.0.0.1:0' })],
  controllers: [BenchController],
})
class ListenerModule {}

const app = await NestFactory.createApplicationContext(ListenerModule, { logger: ['error', 'warn'] });
const node = app.get(GwyhNode);
await node.ready();

process.on('message', (command: { run: number; events: number } | 'report') => {
  if (command !== 'report') {
    run = command.run;
    seen = new Uint8Array(command.events);
    received = 0;
    duplicates = 0;
    latenciesUs = [];
    cpuAtStart = process.cpuUsage();
    return process.send!('reset done');
  }
  const { user, system } = process.cpuUsage(cpuAtStart);
  const report: ListenerReport = {
    received,
    duplicates,
    segmentsLost: node.metrics()['drop.segment_lost']!,
    latenciesUs,
    cpuUs: user + system,
    firstAtUs,
    lastAtUs,
  };
  process.send!(report);
});
process.on('disconnect', () => process.exit());
process.send!('ready');
