import { markdownTable, numberText, percentText } from '../../../report/texts.js';
import { engine, type EngineResult, type OperationFigures } from '../../engine/engine.js';
import type { BenchTarget, Section } from '../section.js';

const EMIT = 'emit path';
const RECEIVE = 'receive path';
/** What the receive path does that any transport would: the data are the application's, the promise is the handler's. */
const HANDLE = 'handle alone';

export const engineSection: Section<EngineResult> = {
  name: 'engine',
  title: 'Engine',
  bench: engine,
  targets: [timeTarget(EMIT, 5), garbageTarget(EMIT), timeTarget(RECEIVE, 4), garbageTarget(RECEIVE, HANDLE)],
  body,
  readme,
};

/** The median, as it is what applications see. */
function timeTarget(path: string, limit: number): BenchTarget<EngineResult> {
  const measure = (result: EngineResult) => (operationOf(result, path)?.ns ?? NaN) / 1_000;
  return { item: 'Engine', conditions: path, figure: 'time of an event', bound: 'at most', limit, unit: 'µs', measure };
}

/** @param without an operation whose garbage is not ours. */
function garbageTarget(path: string, without?: string): BenchTarget<EngineResult> {
  const measure = (result: EngineResult) => ownGarbageOf(result, path, without);
  return {
    item: 'Engine',
    conditions: path,
    figure: 'garbage of our own of an event',
    bound: 'at most',
    limit: 300,
    unit: 'B',
    measure,
  };
}

function operationOf({ operations }: EngineResult, name: string): OperationFigures | undefined {
  return operations.find(operation => operation.name === name);
}

function ownGarbageOf(result: EngineResult, path: string, without: string | undefined): number {
  const others = without === undefined ? 0 : garbageOf(operationOf(result, without));
  return garbageOf(operationOf(result, path)) - others;
}

/** In the heap and in array buffers. */
function garbageOf(operation: OperationFigures | undefined): number {
  return operation === undefined ? NaN : operation.heapBytes + operation.bufferBytes;
}

function body({ operations, profile }: EngineResult): string[] {
  const rows = operations.map(({ name, ns, leastNs, heapBytes, bufferBytes, what }) => [
    name,
    numberText(ns),
    numberText(leastNs),
    numberText(heapBytes),
    numberText(bufferBytes),
    what,
  ]);
  const shares = Object.entries(profile).map(([path, parts]) => {
    const texts = Object.entries(parts).map(([part, share]) => `${part} ${percentText(share)}`);
    return `- **${path}**: ${texts.join(', ')}`;
  });
  return [
    'Of one operation of the engine, without sockets: its time, the median and the least that was seen, and what it leaves to the garbage collector.',
    markdownTable(['Operation', 'ns', 'Least ns', 'Heap bytes', 'Buffer bytes', 'What'], rows),
    'Where the time of the two paths goes, by part of the code:',
    shares.join('\n'),
  ];
}

function readme(result: EngineResult): string[] {
  const rows = [EMIT, RECEIVE].flatMap(path => {
    const operation = operationOf(result, path);
    if (operation === undefined) return [];
    const own = ownGarbageOf(result, path, path === RECEIVE ? HANDLE : undefined);
    return [
      [path, operation.what, `${numberText(operation.ns / 1_000, 2)} µs`, `${garbageOf(operation)} B`, `${own} B`],
    ];
  });
  return [
    'The library alone, without sockets and without Nest around the handler. Not our own are the data that a handler gets, and what it takes to follow the promise that it returns:',
    markdownTable(['', '', 'time of an event', 'garbage', 'of our own'], rows),
  ];
}
