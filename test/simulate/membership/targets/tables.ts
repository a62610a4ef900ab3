import { bytesText, markdownTable, millisecondsText, MISSING, numberText, percentText } from '../../../report/texts.js';
import type { OneWayCase } from '../one-way.js';
import type { MembershipResult } from '../result.js';
import type { MembershipOutcome, MembershipRun } from './runs.js';

/** Runs that differ in nothing but the seed. */
interface Group {
  readonly run: MembershipRun;
  readonly results: readonly MembershipResult[];
}

type Figure = (result: MembershipResult) => number | null | undefined;

export function detectionTable(outcomes: readonly MembershipOutcome[]): string {
  const rows = groups(outcomes, 'detection').map(({ run, results }) => [
    numberText(run.nodes),
    percentText(run.loss),
    String(results.length),
    milliseconds(results, ({ detection }) => detection?.inDoubtMs.p50),
    milliseconds(results, ({ detection }) => detection?.inDoubtMs.p99),
    milliseconds(results, ({ detection }) => detection?.firstMs.p50),
    milliseconds(results, ({ detectionMs }) => detectionMs?.p50),
    milliseconds(results, ({ detectionMs }) => detectionMs?.p99),
    milliseconds(results, ({ detectionMs }) => detectionMs?.max),
    milliseconds(results, ({ detection }) => detection?.rejoinMs?.max),
    numberText(worst(results, ({ falseDowns }) => falseDowns)),
  ]);
  const head = [
    'Nodes',
    'Loss',
    'Seeds',
    'In doubt, p50',
    'In doubt, p99',
    'First survivor, p50',
    'All, p50',
    'All, p99',
    'All, most',
  ];
  return markdownTable([...head, 'Back after a restart, most', 'False downs'], rows);
}

export function falseDownsTable(outcomes: readonly MembershipOutcome[]): string {
  const rows = groups(outcomes, 'false-downs').map(({ run, results }) => [
    numberText(run.nodes),
    numberText(run.hours ?? NaN),
    percentText(run.loss),
    percentText(run.paused ?? NaN),
    String(results.length),
    numberText(total(results, ({ disturbance }) => disturbance?.nodeHours)),
    numberText(total(results, ({ disturbance }) => disturbance?.pauses)),
    numberText(worst(results, ({ disturbance }) => disturbance?.suspicionsPerNodeHour)),
    numberText(total(results, ({ falseDowns }) => falseDowns)),
    numberText(total(results, ({ falselyDownMembers }) => falselyDownMembers)),
  ]);
  const head = ['Nodes', 'Hours', 'Loss', 'Paused', 'Seeds', 'Node hours', 'Pauses', 'Suspicions by node and hour'];
  return markdownTable([...head, 'False downs', 'Of members'], rows);
}

export function oneWayTable(outcomes: readonly MembershipOutcome[]): string {
  const cases = outcomes.flatMap(({ run, result }) => (run.scenario === 'one-way' ? (result?.oneWay ?? []) : []));
  const rows = [...new Set(cases.map(({ name }) => name))].map(name => {
    const own = cases.filter(each => each.name === name);
    const sum = (of: (each: OneWayCase) => number) => numberText(own.reduce((count, each) => count + of(each), 0));
    const isHealed = own.every(({ healedMs }) => healedMs !== null);
    return [
      name,
      String(own[0]!.concerned),
      percentText(Math.min(...own.map(({ reachedByShare }) => reachedByShare))),
      own.every(({ mustStay }) => mustStay) ? 'no' : 'yes',
      sum(({ falselyDownMembers }) => falselyDownMembers),
      sum(({ excusedDowns }) => excusedDowns),
      sum(({ suspicions }) => suspicions),
      isHealed ? millisecondsText(Math.max(...own.map(({ healedMs }) => healedMs ?? NaN))) : 'never',
    ];
  });
  const head = ['Fault', 'Members concerned', 'Reached by, least', 'May be told down', 'Members wrongly down'];
  return markdownTable([...head, 'Rightly told down, events', 'Suspicions', 'All see all after its end'], rows);
}

export function partitionTable(outcomes: readonly MembershipOutcome[]): string {
  const rows = groups(outcomes, 'partition').map(({ run, results }) => [
    run.shape ?? MISSING,
    numberText(run.minutes ?? NaN),
    numberText(run.nodes),
    String(results.length),
    convergence(results),
    numberText(worst(results, ({ partition }) => partition?.unnoticedPairs)),
    numberText(total(results, ({ falseDowns }) => falseDowns)),
    numberText(total(results, ({ partition }) => partition?.broadcasts.expected)),
    numberText(total(results, ({ partition }) => partition?.broadcasts.lost)),
  ]);
  const head = [
    'Shape',
    'Minutes',
    'Nodes',
    'Seeds',
    'All see all after its end, most',
    'Pairs that did not notice it',
  ];
  return markdownTable([...head, 'False downs', 'Deliveries expected after it', 'Lost'], rows);
}

export function idleTable(outcomes: readonly MembershipOutcome[]): string {
  const rows = groups(outcomes, 'idle').map(({ run, results }) => [
    numberText(run.nodes),
    bytes(results, result => result.idleBytesPerSecondPerNode),
    bytes(results, ({ idle }) => idle?.bytesPerSecondWithHeaders),
    numberText(worst(results, result => result.idlePacketsPerSecondPerNode)),
    bytes(results, ({ idle }) => idle?.bytesPerSecond.max),
    numberText(worst(results, ({ idle }) => idle?.links.mean)),
    bytes(results, result => result.memberBytes),
    frames(results[0]),
  ]);
  const head = [
    'Nodes',
    'Bytes a second',
    'With IP and UDP heads',
    'Packets a second',
    'Busiest node, bytes a second',
    'Links',
  ];
  return markdownTable([...head, 'A member in the table', 'What the bytes are'], rows);
}

export function startTable(outcomes: readonly MembershipOutcome[]): string {
  const joins = groups(outcomes, 'join').map(({ run, results }) => [
    'mass start',
    numberText(run.nodes),
    String(results.length),
    milliseconds(results, ({ join }) => join?.readyMs.p50),
    milliseconds(results, ({ join }) => join?.readyMs.max),
    milliseconds(results, ({ join }) => join?.fullMs.p50),
    convergence(results),
    numberText(total(results, ({ falseDowns }) => falseDowns)),
    numberText(total(results, ({ join }) => join?.broadcasts.expected)),
    numberText(total(results, ({ join }) => join?.broadcasts.lost)),
  ]);
  const rollings = groups(outcomes, 'rolling').map(({ run, results }) => [
    `rolling restart, ${run.isHard === true ? 'killed' : 'leaving'}`,
    numberText(run.nodes),
    String(results.length),
    milliseconds(results, ({ rolling }) => rolling?.readyMs.p50),
    milliseconds(results, ({ rolling }) => rolling?.readyMs.max),
    MISSING,
    convergence(results),
    numberText(total(results, ({ falseDowns }) => falseDowns)),
    numberText(total(results, ({ rolling }) => rolling?.broadcasts.expected)),
    numberText(total(results, ({ rolling }) => rolling?.broadcasts.lost)),
  ]);
  const head = ['Start', 'Nodes', 'Seeds', 'Ready, p50', 'Ready, last', 'Full table, p50', 'All see all'];
  return markdownTable([...head, 'False downs', 'Deliveries expected', 'Lost'], [...joins, ...rollings]);
}

function groups(outcomes: readonly MembershipOutcome[], scenario: MembershipRun['scenario']): Group[] {
  const byKey = new Map<string, { run: MembershipRun; results: MembershipResult[] }>();
  for (const { run, result } of outcomes) {
    if (run.scenario !== scenario) continue;
    const key = JSON.stringify({ ...run, seed: 0 });
    const group = byKey.get(key) ?? { run, results: [] };
    byKey.set(key, group);
    if (result !== undefined) group.results.push(result);
  }
  return [...byKey.values()];
}

/** The largest of the seeds; NaN when one of them has none. */
function worst(results: readonly MembershipResult[], of: Figure): number {
  return results.length === 0 ? NaN : Math.max(...results.map(result => of(result) ?? NaN));
}

function total(results: readonly MembershipResult[], of: Figure): number {
  return results.length === 0 ? NaN : results.reduce((sum, result) => sum + (of(result) ?? NaN), 0);
}

function milliseconds(results: readonly MembershipResult[], of: Figure): string {
  return millisecondsText(worst(results, of));
}

/** `never` when one of the seeds did not converge. */
function convergence(results: readonly MembershipResult[]): string {
  if (results.some(({ convergenceMs }) => convergenceMs === null)) return 'never';
  return milliseconds(results, ({ convergenceMs }) => convergenceMs);
}

function bytes(results: readonly MembershipResult[], of: Figure): string {
  return bytesText(worst(results, of));
}

function frames(result: MembershipResult | undefined): string {
  const entries = Object.entries(result?.idle?.bytesPerSecondByFrame ?? {});
  return entries.length === 0 ? MISSING : entries.map(([name, count]) => `${name} ${bytesText(count)}`).join(', ');
}
