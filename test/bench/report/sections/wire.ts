import { bytesText, countText, markdownTable, numberText, percentText } from '../../../report/texts.js';
import { type SizeFigures, wire, type WireResult } from '../../wire/wire.js';
import type { BenchTarget, Section } from '../section.js';

const SMALL_BYTES = 64;
const MIDDLE_BYTES = 1_024;
const LARGE_BYTES = 60 * 1_024;

export const wireSection: Section<WireResult> = {
  name: 'wire',
  title: 'Wire',
  bench: wire,
  targets: [
    target(SMALL_BYTES, 'messages/s by datagrams/s of the raw pair', 5, ({ ratio }) => ratio.toRaw),
    target(MIDDLE_BYTES, 'MB/s by the sealed pair', 0.7, bytesToSealed),
    target(LARGE_BYTES, 'MB/s by the sealed pair', 0.7, bytesToSealed),
  ],
  body,
  readme,
};

function target(
  bytes: number,
  figure: string,
  limit: number,
  of: (figures: SizeFigures) => number,
): BenchTarget<WireResult> {
  const measure = ({ sizes }: WireResult) => {
    const figures = sizes.find(each => each.bytes === bytes);
    return figures === undefined ? NaN : of(figures);
  };
  return { item: 'Wire', conditions: bytesText(bytes), figure, bound: 'at least', limit, unit: 'x', measure };
}

function bytesToSealed({ carriers }: SizeFigures): number {
  return carriers.gwyh.megabytesPerSecond / carriers.sealed.megabytesPerSecond;
}

function body({ rounds, sizes }: WireResult): string[] {
  const rows = sizes.flatMap(({ bytes, carriers }) =>
    Object.entries(carriers).map(([name, { messagesPerSecond, megabytesPerSecond, lost, cpuSecondsPerGigabyte }]) => [
      bytesText(bytes),
      name,
      numberText(messagesPerSecond, 0),
      numberText(megabytesPerSecond, 1),
      percentText(lost),
      numberText(cpuSecondsPerGigabyte, 2),
    ]),
  );
  return [
    `Two nodes without Nest, each a process, against two pairs of sockets: medians of ${countText(rounds, 'round')}. The raw pair sends each message in a datagram of its own, or several of 60 KiB, and does nothing but
not to flood its receiver; the sealed pair seals and opens them as well. Neither repeats what is lost. MB are 10^6 bytes of
payload, CPU is that of both processes.`,
    markdownTable(['Message', 'Over', 'Messages/s', 'MB/s', 'Lost', 'CPU s/GB'], rows),
    ratioTable(sizes),
  ];
}

function readme({ sizes }: WireResult): string[] {
  return [
    'Two nodes without Nest, against a pair of sockets that does nothing else, and one that also seals and opens:',
    ratioTable(sizes),
  ];
}

function ratioTable(sizes: readonly SizeFigures[]): string {
  const rows = sizes.map(({ bytes, carriers, ratio }) => [
    bytesText(bytes),
    numberText(carriers.gwyh.messagesPerSecond, 0),
    numberText(carriers.gwyh.megabytesPerSecond, 1),
    `${numberText(ratio.toSealed)}x`,
    `${numberText(ratio.toRaw)}x`,
  ]);
  return markdownTable(['message', 'gwyh, messages/s', 'gwyh, MB/s', 'by the sealed pair', 'by the raw pair'], rows);
}
