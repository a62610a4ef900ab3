/** How full, fair and polite nodes are on a slow link: see `--help`. */
import { availableParallelism, loadavg } from 'node:os';
import { round, shareOf } from '../../processes/distribution.js';
import { Bottleneck } from '../bed/bottleneck.js';
import { missingRequirements } from '../bed/requirements.js';
import { calibrate } from './calibration.js';
import { measure, type Measured, type Setup } from './cases.js';
import { type BenchOptions, type Case, HELP, parseCommandLine, UsageError } from './command-line.js';
import { type BenchResult, type CaseResult, caseResult, type RateResult } from './result.js';
import { bedLines, caseTable } from './table.js';

type Options = Omit<BenchOptions, 'isJson' | 'isHelp'>;

/** What each case has of its own. */
function setupOf(name: Case, { tcp, delayMs, loss, seed }: Options): Pick<Setup, 'senders' | 'tcp' | 'relay'> {
  switch (name) {
    case 'alone':
      return { senders: ['sender-a'] };
    case 'two':
      return { senders: ['sender-a', 'sender-b'] };
    case 'tcp':
      return { senders: ['sender-a'], tcp };
    case 'relay':
      return { senders: ['behind-relay'], relay: { loss: 0, delayMs, seed } };
    case 'loss':
      return { senders: ['behind-relay'], relay: { loss, delayMs, seed } };
  }
}

async function main(): Promise<number> {
  const { isJson, isHelp, ...options } = parseCommandLine(process.argv.slice(2));
  if (isHelp) {
    process.stdout.write(HELP);
    return 0;
  }
  const missing = missingRequirements(['ip', 'tc', 'iperf3']);
  if (missing.length > 0) {
    process.stderr.write(
      `SKIPPED, nothing was measured. What is missing:\n${missing.map(each => `  ${each}\n`).join('')}`,
    );
    return 0;
  }
  const rates: RateResult[] = [];
  for (const rateMbits of options.ratesMbits) {
    const rate = await measureRate(options, rateMbits);
    rates.push(rate);
    if (!isJson) process.stdout.write(bedLines(rate) + caseTable(rate));
  }
  if (isJson)
    process.stdout.write(`${JSON.stringify({ node: process.version, options, rates } satisfies BenchResult)}\n`);
  const isSound = rates.every(({ cases }) => Object.values(cases).every(({ corrupt }) => corrupt === 0));
  return isSound ? 0 : 1;
}

async function measureRate(options: Options, rateMbits: number): Promise<RateResult> {
  const { bufferMs, repeats, tcp, warmUpMs, runMs, messageBytes, heartbeat } = options;
  const common = { rateMbits, warmUpMs, runMs, messageBytes, heartbeat };
  const bed = new Bottleneck({ rateMbits, bufferMs });
  try {
    tell(`${rateMbits} Mbit/s: the bed without us`);
    const calibration = await calibrate(bed, rateMbits, tcp);
    const cases: Partial<Record<Case, CaseResult>> = {};
    for (const name of options.cases) {
      const runs: Measured[] = [];
      for (let i = 1; i <= repeats; i++) {
        tell(`${rateMbits} Mbit/s: ${name}, run ${i} of ${repeats}`);
        runs.push(await measure(bed, { ...common, ...setupOf(name, options) }));
      }
      cases[name] = caseResult(rateMbits, calibration, runs);
    }
    const load = round(loadavg()[0]! / availableParallelism());
    return { rateMbits, bufferMs, load, bed: calibration, cases: withLossRatio(cases) };
  } finally {
    await bed.close();
  }
}

function withLossRatio(cases: RateResult['cases']): RateResult['cases'] {
  const { relay, loss } = cases;
  if (relay === undefined || loss === undefined || relay.goodputMbits === 0) return cases;
  return { ...cases, loss: { ...loss, goodputOfLossless: shareOf(loss.goodputMbits, relay.goodputMbits) } };
}

function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\nSee --help.\n`);
  process.exitCode = 2;
}
