import type { Distribution } from '../../processes/distribution.js';
import type { CaseResult, RateResult } from './result.js';

/** What the bed itself carries, as lines for people. */
export function bedLines({ rateMbits, bufferMs, bed, load }: RateResult): string {
  return [
    `\nLink of ${rateMbits} Mbit/s with a buffer of ${bufferMs} ms, without us; load ${load} for each processor:`,
    `  plain UDP of 1,200 bytes  ${bed.udpMbits} Mbit/s, ${percent(bed.udpLossShare)} of 1.5 times the rate lost`,
    `  one TCP flow of iperf3    ${bed.tcpMbits} Mbit/s`,
    `  tiny datagrams, idle      ${milliseconds(bed.idleMs)}`,
    `  tiny datagrams, flooded   ${milliseconds(bed.fullMs)}\n`,
  ].join('\n');
}

/** The cases of one rate, one a column. */
export function caseTable({ cases }: RateResult): string {
  const columns = Object.entries(cases);
  const rows = ROWS.filter(([, cell]) => columns.some(([, result]) => cell(result) !== ''));
  const heads = columns.map(([name]) => name);
  return (
    line('', heads) +
    rows
      .map(([name, cell]) =>
        line(
          name,
          columns.map(([, result]) => cell(result)),
        ),
      )
      .join('')
  );
}

function line(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(NAME_WIDTH)}${cells.map(cell => cell.padEnd(CELL_WIDTH)).join('')}`.trimEnd() + '\n';
}

const NAME_WIDTH = 24;
const CELL_WIDTH = 26;

const ROWS: readonly (readonly [name: string, cell: (result: CaseResult) => string])[] = [
  ['goodput, Mbit/s', result => String(result.goodputMbits)],
  ['goodput/link', result => percent(result.goodputOfLink)],
  ['goodput/udp', result => percent(result.goodputOfUdp)],
  ['use', result => percent(result.use)],
  ['loss', result => percent(result.lossShare)],
  ['queue p50/p99/max, ms', result => milliseconds(result.queueMs)],
  ['ping p50/p99/max, ms', result => milliseconds(result.pingMs)],
  ['small p50/p99/max, ms', result => milliseconds(result.smallMs)],
  ['round trip, ms', result => milliseconds(result.roundTripMs)],
  ['large p50/p99/max, ms', result => milliseconds(result.messageMs)],
  ['suspicions', result => String(result.suspicions)],
  ['fairness', result => (result.fairness === undefined ? '' : String(result.fairness))],
  ['goodput/relay', result => (result.goodputOfLossless === undefined ? '' : percent(result.goodputOfLossless))],
  ['share beside TCP', result => (result.gossipShare === undefined ? '' : percent(result.gossipShare))],
  ['share of TCP', result => (result.tcpShare === undefined ? '' : percent(result.tcpShare))],
];

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 0)} %`;
}

function milliseconds(distribution: Distribution | undefined): string {
  if (distribution === undefined) return 'none arrived';
  return [distribution.p50, distribution.p99, distribution.max].map(ms => ms.toFixed(ms < 100 ? 1 : 0)).join(' / ');
}
