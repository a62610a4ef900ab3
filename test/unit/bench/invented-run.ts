import type { EngineResult } from '../../bench/engine/engine.js';
import type { PeersResult } from '../../bench/peers/peers.js';
import type { SavedResult } from '../../bench/report/saved-run.js';
import type { ScaleResult } from '../../bench/scale/scale.js';
import type { TransportName } from '../../bench/transports/transport.js';
import type { ListenersFigures, TransportFigures, TransportsResult } from '../../bench/transports/transports.js';
import type { WireResult } from '../../bench/wire/wire.js';

const ENVIRONMENT = {
  date: '2030-01-02',
  library: 'a library 1.2.3',
  node: 'Node.js v99',
  system: 'a system',
  processor: '2 cores of a processor',
  memory: '4 GiB',
  load: 'load 0.1 0.2 0.3',
};

/** A result as it is saved. */
export function saved(result: object, changes: Partial<SavedResult> = {}): SavedResult {
  return { environment: ENVIRONMENT, isQuick: false, result, ...changes };
}

export function transportFigures(receivedPerSecond: number, changes: Partial<TransportFigures> = {}): TransportFigures {
  return {
    emitPerSecond: receivedPerSecond,
    receivedPerSecond,
    lost: 0,
    duplicates: 0,
    cpuSecondsPerMillion: 20,
    latencyMs: { p50: 0.3, p99: 0.9 },
    halfLoadLatencyMs: { p50: 1, p99: 2 },
    residentMib: { emitter: 100, listener: 90, broker: 0 },
    ...changes,
  };
}

/** With a ratio that keeps all targets exactly. */
export function listenersFigures(
  listeners: number,
  transports: Partial<Record<TransportName, TransportFigures>>,
): ListenersFigures {
  return { listeners, transports, ratio: { throughput: 4, latencyP50: 0.6, latencyP99: 1, cpu: 0.35 } };
}

export function transportsResult(
  byListeners: readonly ListenersFigures[] = [1, 3, 8].map(listeners =>
    listenersFigures(listeners, {
      gwyh: transportFigures(80_000 / listeners),
      redis: transportFigures(20_000 / listeners),
      nats: transportFigures(18_000 / listeners),
      mqtt: transportFigures(10_000 / listeners),
      tcp: transportFigures(30_000),
    }),
  ),
  missing: readonly string[] = [],
): TransportsResult {
  const versions = { gwyh: 'a library 1.2.3', redis: 'redis 7.0.0' };
  return { ...byListeners[0]!, rounds: 5, events: 60_000, versions, missing, byListeners };
}

function carrier(megabytesPerSecond: number) {
  return { messagesPerSecond: 1_000, megabytesPerSecond, lost: 0, cpuSecondsPerGigabyte: 2 };
}

export function wireResult(): WireResult {
  const carriers = { gwyh: carrier(70), sealed: carrier(100), raw: carrier(200) };
  return {
    rounds: 5,
    sizes: [64, 1_024, 61_440].map(bytes => ({ bytes, carriers, ratio: { toSealed: 6, toRaw: 5 } })),
  };
}

function operation(name: string, ns: number) {
  return { name, what: 'something', ns, leastNs: ns - 1, heapBytes: 200, bufferBytes: 100 };
}

export function engineResult(): EngineResult {
  return {
    operations: [
      { ...operation('handle alone', 100), heapBytes: 90, bufferBytes: 0 },
      operation('emit path', 5_000),
      { ...operation('receive path', 4_000), heapBytes: 290 },
    ],
    profile: { 'emit path': { nest: 0.75, libsodium: 0.25 } },
  };
}

export function scaleResult(): ScaleResult {
  const none = { lost: 0, duplicates: 0 };
  return {
    processes: 2,
    quietSeconds: 20,
    broadcasts: 50,
    sizes: [10, 1_000].map(nodes => ({
      nodes,
      startUp: { readySeconds: 59.9, allKnowAllSeconds: 70 },
      residentMib: { emptyProcess: 60, node: 5.7 },
      idleCores: 0.49,
      broadcast: { p50Ms: 100, p99Ms: 250, ...none },
      burst: { broadcasts: 300, perSecond: 200, ...none },
    })),
  };
}

export function peersResult(): PeersResult {
  const figures = { latencyMs: { p50: 1, p99: 2 }, perSecond: 500, lost: 0, duplicates: 0, cpuSecondsPerMillion: 40 };
  return {
    nodes: 20,
    processes: 2,
    messageBytes: 200,
    rounds: 5,
    burst: 3_000,
    versions: { gwyh: 'a library 1.2.3', gossipsub: 'gossipsub 9.8.7' },
    networks: { gwyh: figures, gossipsub: figures },
    ratio: { throughput: 1.5, latencyP50: 0.5, latencyP99: 0.4, cpu: 0.8 },
  };
}
