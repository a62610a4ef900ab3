import type { Homie } from './homie.js';
import type { Arrival, ChangeOutcome } from './product-change.js';
import { arrivedOnce, servesNewProduct } from './verdict.js';

const LABEL_WIDTH = 14;
const CELL_WIDTH = 8;
const ROSTER_WIDTHS = [8, 6, 9, 25];

/** Who the homies are and where to find them. */
export function rosterLines(homies: readonly Homie[]): string[] {
  return [
    rosterLine('homie', 'zone', 'pid', 'http', 'gossip'),
    ...homies.map(({ name, zone, process, url, address }) => rosterLine(name, zone, String(process.pid), url, address)),
  ];
}

/** The head of the table. */
export function headLines(homies: readonly Homie[]): string[] {
  return [
    line(
      'changed by',
      homies.map(homie => homie.name),
      'new product',
    ),
    line(
      '',
      homies.map(homie => homie.zone),
      'served by',
    ),
  ];
}

/** A change as a line of the table: milliseconds until each homie had the event. */
export function changeLine(homies: readonly Homie[], outcome: ChangeOutcome): string {
  const { emitter, product, arrivals } = outcome;
  const fresh = arrivals.filter(arrival => servesNewProduct(outcome, arrival));
  const cells = homies.map(homie => {
    const arrival = arrivals.find(arrival => arrival.homie === homie);
    return arrival === undefined ? '-' : arrivalCell(outcome, arrival);
  });
  return line(`${emitter.name}: ${product.id}`, cells, `${fresh.length} of ${arrivals.length}`);
}

function rosterLine(...cells: string[]): string {
  return cells.map((cell, i) => cell.padEnd(ROSTER_WIDTHS[i] ?? 0)).join('');
}

function arrivalCell(outcome: ChangeOutcome, arrival: Arrival): string {
  const { received } = arrival;
  if (arrivedOnce(outcome, arrival)) return received[0]!.afterMs.toFixed(2);
  return received.length === 0 ? 'lost' : `${received.length} times`;
}

function line(label: string, cells: readonly string[], last: string): string {
  return label.padEnd(LABEL_WIDTH) + cells.map(cell => cell.padStart(CELL_WIDTH)).join('') + `   ${last}`;
}
