import { mkdtemp, rm } from 'node:fs/promises';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { STARTING_CATALOGUE } from '../products/starting-catalogue.js';
import type { Homie } from './homie.js';
import { Interruption, SignalReceived } from './interruption.js';
import { Neighbourhood } from './neighbourhood.js';
import { changeProduct, type ChangeOutcome, countAgain } from './product-change.js';
import { changeLine, headLines, rosterLines } from './table.js';
import { problemsOf, summarise } from './verdict.js';

/** Time for a reader to follow, between two changes of the endless run. */
const BETWEEN_CHANGES_MS = 1_000;

/** How long second copies of events are waited for before the verdict: that nothing comes can only be waited for. */
const LATE_COPIES_MS = 500;

/** A homie that dies breaks its connections a moment before its end is reported; that end is the better explanation. */
const HINDSIGHT_MS = 250;

/** Runs the demo and leaves nothing behind. Returns the exit code. */
export async function runDemo(run: 'once' | 'endlessly'): Promise<number> {
  const catalogueDirectory = await mkdtemp(join(tmpdir(), 'gwyh-demo-'));
  const interruption = new Interruption(() => neighbourhood.kill());
  const neighbourhood = new Neighbourhood(catalogueDirectory, interruption);
  try {
    const homies = await openNeighbourhood(neighbourhood);
    return run === 'once' ? await oneRound(homies, interruption) : await endlessRounds(homies, interruption);
  } catch (error) {
    await delay(HINDSIGHT_MS);
    return explainEnd(interruption.signal.reason ?? error, run);
  } finally {
    await neighbourhood.stop();
    await rm(catalogueDirectory, { recursive: true, force: true });
    interruption.dispose();
  }
}

async function openNeighbourhood(neighbourhood: Neighbourhood): Promise<Homie[]> {
  console.log('Starting six homies in three zones, one process each ...');
  const start = performance.now();
  const homies = await neighbourhood.start();
  print('', ...rosterLines(homies), '');
  await neighbourhood.ready(homies);
  const seconds = ((performance.now() - start) / 1_000).toFixed(1);
  print(
    `Ready after ${seconds} s: each knows the ${homies.length - 1} others.`,
    '',
    'Milliseconds from emit() in the process that changed a product to the handler in the others. All processes of one',
    'machine share the clock this is read from (process.hrtime, on Linux CLOCK_MONOTONIC).',
    '',
    ...headLines(homies),
  );
  return homies;
}

/** Every homie changes a product once. */
async function oneRound(homies: readonly Homie[], { signal }: Interruption): Promise<number> {
  const outcomes: ChangeOutcome[] = [];
  for (const turn of homies.keys()) outcomes.push(await takeTurn(homies, turn, signal));
  await delay(LATE_COPIES_MS, undefined, { signal });
  const final = await Promise.all(outcomes.map(countAgain));
  const problems = final.flatMap(problemsOf);
  print(
    '',
    ...summarise(final),
    ...problems.map(problem => `PROBLEM  ${problem}`),
    problems.length === 0 ? 'OK' : 'FAILED',
  );
  return problems.length === 0 ? 0 : 1;
}

async function endlessRounds(homies: readonly Homie[], { signal }: Interruption): Promise<number> {
  for (let turn = 0; ; turn++) {
    if (turn > 0 && turn % (2 * homies.length) === 0) print('', ...headLines(homies));
    const outcome = await takeTurn(homies, turn, signal);
    print(...problemsOf(outcome).map(problem => `  ${problem}`));
    await delay(BETWEEN_CHANGES_MS, undefined, { signal });
  }
}

async function takeTurn(homies: readonly Homie[], turn: number, signal: AbortSignal): Promise<ChangeOutcome> {
  const ids = [...STARTING_CATALOGUE.keys()];
  const round = Math.floor(turn / homies.length);
  // Another product each round, so that everyone comes to change what others changed before.
  const outcome = await changeProduct(homies[turn % homies.length]!, homies, ids[(turn + round) % ids.length]!, signal);
  print(changeLine(homies, outcome));
  return outcome;
}

function explainEnd(reason: Error, run: 'once' | 'endlessly'): number {
  if (!(reason instanceof SignalReceived)) {
    console.error(`\n${reason.message}\nFAILED`);
    return 1;
  }
  if (run === 'endlessly') {
    print('', 'Bye.');
    return 0;
  }
  console.error(`\n${reason.message}`);
  return 128 + constants.signals[reason.signalName];
}

function print(...lines: string[]): void {
  for (const line of lines) console.log(line);
}
