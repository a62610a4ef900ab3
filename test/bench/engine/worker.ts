/** Measures in a process of its own, with a young generation in which a whole run has room. */
import { Bench } from 'tinybench';
import { serveQuestions } from '../processes.js';
import { allocationOf } from './allocation.js';
import type { EngineResult, OperationFigures } from './engine.js';
import { handleAlone } from './handle-alone.js';
import { createOperations } from './operations.js';
import type { Operation } from './operation.js';
import { profile } from './profile.js';

async function measure(isQuick: boolean): Promise<EngineResult> {
  const operations = await createOperations();
  const operationFigures: OperationFigures[] = [];
  const measureOne = async (operation: Operation) => {
    const time = await timeOf(operation, isQuick ? 200 : 1_000);
    operationFigures.push({ name: operation.name, what: operation.what, ...time, ...(await allocationOf(operation)) });
  };
  for (const operation of operations) await measureOne(operation);
  const [emit, receive] = operations.slice(-2) as [Operation, Operation];
  const profileOf = (operation: Operation) => profile(() => repeat(operation, isQuick ? 100 : 1_000));
  const profiles = { 'emit path': await profileOf(emit), 'receive path': await profileOf(receive) };
  await measureOne(handleAlone());
  return { operations: operationFigures, profile: profiles };
}

async function timeOf(operation: Operation, timeMs: number): Promise<{ ns: number; leastNs: number }> {
  const { count, prepare, run, cleanUp } = operation;
  const hooks = {
    ...(prepare !== undefined && { beforeEach: () => prepare.call(operation) }),
    ...(cleanUp !== undefined && { afterEach: () => cleanUp.call(operation) }),
  };
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 2, throws: true });
  bench.add(operation.name, () => run.call(operation), hooks);
  await bench.run();
  const { result } = bench.tasks[0]!;
  if (!('latency' in result)) throw new Error(`${operation.name} was not measured`);
  const ns = (ms: number) => Number(((1e6 * ms) / count).toPrecision(3));
  return { ns: ns(result.latency.p50), leastNs: ns(result.latency.min) };
}

async function repeat(operation: Operation, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await operation.prepare?.();
    await operation.run();
    await operation.cleanUp?.();
  }
}

serveQuestions<{ isQuick: boolean }>('ready', ({ isQuick }) => measure(isQuick));
