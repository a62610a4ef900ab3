/** Real processes under as much load as they make: see `--help`. */
import { parseArgs } from 'node:util';
import { runProgram, UsageError } from '../processes/program.js';
import { largeMessages } from './large-messages.js';
import { type Figure, isMissed, table } from './limit.js';
import { soak } from './soak.js';
import { tightLoop } from './tight-loop.js';

const HELP = `Real processes on loopback under as much load as they make themselves.

Nest applications emit to each other as fast as they can: first each emit is awaited, then none is. After that large messages are
sent by several processes at once. In the end anything happens to processes for a while: broadcasts of all sizes, deaths, leaves, restarts,
pauses. Tells what was lost, memory, the lag of the event loops, how soon service is back, and what is left behind.

  npm run test:load
  npm run --silent test:load -- --awaited 3 --unawaited 1 --json

Options:
  --processes <n>        Nest applications (5)
  --awaited <s>          how long they emit and await each event (60)
  --unawaited <s>        how long they emit and await nothing (5)
  --bytes <n>            of each event (100)
  --large-processes <n>  processes for large messages (8)
  --senders <n>          how many of them send one (3)
  --large-bytes <n>      of each large message (16777216)
  --soak <s>             how long anything happens (600); six more minutes are quiet
  --only <part,...>      loops, large, soak: these parts only
  --json                 one JSON list on stdout in place of a table; progress is on stderr
  --help

Exits with 1 when a limit is missed. Times and lags depend on how much of the processor the processes get.
`;

/** Nothing may take longer, ms. */
const HANG_MS = 120_000;

const PARTS = ['loops', 'large', 'soak'];

const tell = (text: string) => void process.stderr.write(`${text}\n`);

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      processes: { type: 'string', default: '5' },
      awaited: { type: 'string', default: '60' },
      unawaited: { type: 'string', default: '5' },
      bytes: { type: 'string', default: '100' },
      'large-processes': { type: 'string', default: '8' },
      senders: { type: 'string', default: '3' },
      'large-bytes': { type: 'string', default: '16777216' },
      soak: { type: 'string', default: '600' },
      only: { type: 'string', default: PARTS.join() },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const [processes, awaited, unawaited, bytes] = numbers(
    values.processes,
    values.awaited,
    values.unawaited,
    values.bytes,
  );
  const [largeProcesses, senders, largeBytes] = numbers(
    values['large-processes'],
    values.senders,
    values['large-bytes'],
  );
  const [soakSeconds] = numbers(values.soak);
  if (!(processes! >= 2 && awaited! > 0 && unawaited! > 0 && bytes! >= 0 && soakSeconds! > 0)) {
    throw new UsageError(
      '--processes is a number from 2 on, --awaited, --unawaited and --soak are seconds, --bytes a number.',
    );
  }
  if (!(largeProcesses! > senders! && senders! > 0 && largeBytes! > 10_000)) {
    throw new UsageError('--large-processes is more than --senders, and --large-bytes is more than 10,000.');
  }
  const parts = values.only.split(',');
  if (!parts.every(part => PARTS.includes(part))) throw new UsageError(`--only takes some of: ${PARTS.join(', ')}.`);

  const figures: Figure[] = [];
  if (parts.includes('loops')) {
    const loops = {
      processes: processes!,
      awaitedMs: 1_000 * awaited!,
      unawaitedMs: 1_000 * unawaited!,
      bytes: bytes!,
    };
    figures.push(...(await tightLoop({ ...loops, hangMs: HANG_MS }, tell)));
  }
  if (parts.includes('large')) {
    const large = { processes: largeProcesses!, senders: senders!, bytes: largeBytes! };
    figures.push(...(await largeMessages({ ...large, hangMs: HANG_MS }, tell)));
  }
  if (parts.includes('soak')) {
    figures.push(...(await soak({ processes: processes!, ms: 1_000 * soakSeconds!, hangMs: HANG_MS }, tell)));
  }
  process.stdout.write(values.json ? `${JSON.stringify(figures)}\n` : table(figures));
  return figures.some(isMissed) ? 1 : 0;
}

function numbers(...texts: string[]): number[] {
  return texts.map(Number);
}

await runProgram(main);
