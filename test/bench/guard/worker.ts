/** Measures in a process of its own, as the compiler of JavaScript decides many things once for all. */
import { createOperations } from '../engine/operations.js';
import { serveQuestions } from '../processes.js';
import { measure, type Measurement, type Rounds } from './measure.js';
import { createReferences } from './references.js';
import { slowed } from './slowed.js';
import { VirtualLoopNetwork } from './virtual-loop-network.js';

/** Forwarding is steady from about the fiftieth round on; and so many that each operation has some undisturbed runs. */
const ROUNDS: Rounds = { warmUp: 80, timed: 150, weighed: 40 };

export interface GuardQuestion {
  /** Operations that get extra work, and which share of their own. */
  readonly slow: Readonly<Record<string, number>>;
}

async function answer({ slow }: GuardQuestion): Promise<Measurement[]> {
  const operations = await createOperations(new VirtualLoopNetwork());
  for (const name of Object.keys(slow)) {
    if (operations.every(operation => operation.name !== name)) throw new Error(`--slow: no operation "${name}"`);
  }
  const slowedDown = operations.map(operation => {
    const share = slow[operation.name];
    return share === undefined ? operation : slowed(operation, share);
  });
  return measure(slowedDown, createReferences(), ROUNDS);
}

serveQuestions<GuardQuestion>('ready', answer);
