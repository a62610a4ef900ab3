/** How full, fair and polite nodes are on a slow link: see `--help`. */
import { Bottleneck, type Sender } from '../bed/bottleneck.js';
import { missingRequirements } from '../bed/requirements.js';
import { calibrate } from './calibration.js';
import { measure, type Measured } from './cases.js';
import { type BenchOptions, type Case, HELP, parseCommandLine, UsageError } from './command-line.js';
import { type BenchResult, type CaseResult, caseResult, type RateResult } from './result.js';
import { bedLines, caseTable } from './table.js';

const SENDERS_OF: Record<Case, readonly Sender[]> = {
  alone: ['sender-a'],
  two: ['sender-a', 'sender-b'],
  tcp: ['sender-a'],
};

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
    if (!isJson) process.stdout.write(bedLines(rateMbits, options.bufferMs, rate.bed) + caseTable(rate));
  }
  if (isJson)
    process.stdout.write(`${JSON.stringify({ node: process.version, options, rates } satisfies BenchResult)}\n`);
  const isSound = rates.every(({ cases }) => Object.values(cases).every(({ corrupt }) => corrupt === 0));
  return isSound ? 0 : 1;
}

async function measureRate(options: Omit<BenchOptions, 'isJson' | 'isHelp'>, rateMbits: number): Promise<RateResult> {
  const { bufferMs, repeats, tcp } = options;
  const bed = new Bottleneck({ rateMbits, bufferMs });
  try {
    tell(`${rateMbits} Mbit/s: the bed without us`);
    const calibration = await calibrate(bed, rateMbits, tcp);
    const cases: Partial<Record<Case, CaseResult>> = {};
    for (const name of options.cases) {
      const runs: Measured[] = [];
      for (let i = 1; i <= repeats; i++) {
        tell(`${rateMbits} Mbit/s: ${name}, run ${i} of ${repeats}`);
        runs.push(await measure(bed, rateMbits, options, SENDERS_OF[name], name === 'tcp' ? tcp : undefined));
      }
      cases[name] = caseResult(rateMbits, calibration, runs);
    }
    return { rateMbits, bufferMs, bed: calibration, cases };
  } finally {
    await bed.close();
  }
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
