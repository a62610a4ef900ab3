import { isKept, type Terms } from '../../report/terms.js';
import { bytesText, percentText } from '../../report/texts.js';
import type { SimulationResult } from '../result.js';
import type { Outcome } from './run-pool.js';
import { BUSY_LOSSES, KILL_SHARES, LARGE_LOSSES, QUIET_LOSSES, type ReportSize, type Run, STRATEGY } from './runs.js';

/** A figure that a part of the runs has to keep. */
export interface Target<Run, Result> extends Terms {
  readonly selects: (run: Run) => boolean;
  /** The figure of these results, at least one; NaN when they do not have it. */
  readonly measure: (results: readonly Result[]) => number;
}

export type SimulationTarget = Target<Run, SimulationResult>;

export interface Judgement {
  readonly target: Terms;
  /** How many runs it is of. */
  readonly runs: number;
  /** NaN when there is no run, or one ended without a result. */
  readonly measured: number;
  readonly isMet: boolean;
}

/** A target is missed when one of its runs is missing. */
export function judge<Run, Result>(target: Target<Run, Result>, outcomes: readonly Outcome<Run, Result>[]): Judgement {
  const selected = outcomes.filter(({ run }) => target.selects(run));
  const results = selected.flatMap(({ result }) => result ?? []);
  const isComplete = results.length > 0 && results.length === selected.length;
  const measured = isComplete ? target.measure(results) : NaN;
  return { target, runs: selected.length, measured, isMet: isKept(target, measured) };
}

/** All targets, those of a small report with the conditions that it has. */
export function listTargets(size: ReportSize): SimulationTarget[] {
  return [...busyTargets(), ...quietTargets(), ...manyOriginsTargets(size), ...largeTargets(size)].concat(
    growthTargets(size),
    killTargets(),
  );
}

/** Nodes from which on the stretch must not grow, and by how much it may. */
const GROWTH_FROM = 100;
const GROWTH_LIMIT = 1.15;

function busyTargets(): SimulationTarget[] {
  const limits = [
    { p50: 1.02, p99: 1.15, copies: 1.3 },
    { p50: 1.05, p99: 1.3, copies: 1.5 },
    { p50: 1.1, p99: 1.6, copies: 2 },
    { p99: 3 },
  ];
  return BUSY_LOSSES.flatMap((loss, i) => {
    const { p50, p99, copies } = limits[i]!;
    const part = partOf(
      'One busy origin',
      `${percentText(loss)} loss`,
      run => run.part === 'busy' && run.loss === loss,
    );
    return [
      ...(p50 === undefined ? [] : [part.most('median by direct', p50, 'x', result => result.stretch.p50)]),
      part.most('p99 by direct', p99, 'x', result => result.stretch.p99),
      ...(copies === undefined ? [] : [part.most('copies', copies, '', result => result.copiesPerNode)]),
      ...part.delivery(),
    ];
  });
}

function quietTargets(): SimulationTarget[] {
  return QUIET_LOSSES.flatMap(loss => {
    const part = partOf('Quiet origins', `${percentText(loss)} loss`, run => run.part === 'quiet' && run.loss === loss);
    return [
      part.most('median by direct', 1, 'x', result => result.stretch.p50),
      part.most('p99 by direct', 1.1, 'x', result => result.stretch.p99),
      ...part.delivery(),
    ];
  });
}

function manyOriginsTargets({ many }: ReportSize): SimulationTarget[] {
  const part = partOf('Many busy origins', `${many.origins} origins, no loss`, run => run.part === 'many-origins');
  return [
    part.most('copies', 1.6, '', result => result.copiesPerNode),
    part.most('p99 by direct', 1.5, 'x', result => result.stretch.p99),
    ...part.delivery(),
  ];
}

function largeTargets({ large }: ReportSize): SimulationTarget[] {
  return large.flatMap(({ payloadBytes }) =>
    LARGE_LOSSES.flatMap(loss => {
      const conditions = `${bytesText(payloadBytes)}, ${percentText(loss)} loss`;
      const selects = (run: Run) => run.part === 'large' && run.loss === loss && run.payloadBytes === payloadBytes;
      const part = partOf('Large messages', conditions, selects);
      // With more loss than this only that all arrives is asked for.
      const isLowLoss = loss <= 0.01;
      const overhead = part.most('bytes per node by message', 1.15, '', ({ overheadPerMessageByte = NaN }) => {
        return overheadPerMessageByte;
      });
      return [...(isLowLoss ? [overhead] : []), ...part.delivery()];
    }),
  );
}

function growthTargets({ growthNodes }: ReportSize): SimulationTarget[] {
  const largest = Math.max(...growthNodes);
  const ends = (run: Run) =>
    run.part === 'growth' && run.strategy === STRATEGY && (run.nodes === GROWTH_FROM || run.nodes === largest);
  const growth = (figure: 'p50' | 'p99'): SimulationTarget => ({
    item: 'Growth',
    conditions: `${GROWTH_FROM} to ${largest.toLocaleString('en')} nodes`,
    figure: `growth of ${figure === 'p50' ? 'median' : 'p99'} by direct`,
    bound: 'at most',
    limit: GROWTH_LIMIT,
    unit: 'x',
    selects: ends,
    measure: results => {
      const stretchAt = (nodes: number) => results.find(result => result.nodes === nodes)?.stretch[figure] ?? NaN;
      return stretchAt(largest) / stretchAt(GROWTH_FROM);
    },
  });
  const all = partOf('Growth', 'all sizes and strategies', run => run.part === 'growth');
  return [growth('p50'), growth('p99'), ...all.delivery()];
}

function killTargets(): SimulationTarget[] {
  const limits = [0.995, 0.99, 0.95];
  return KILL_SHARES.flatMap((share, i) => {
    const conditions = `${percentText(share)} of the nodes die`;
    const part = partOf('Sudden death', conditions, run => run.part === 'kill' && run.killShare === share);
    return [
      part.least('first broadcast within 2 s', limits[i]!, '%', reached(0)),
      part.least('tenth broadcast within 2 s', 1, '%', reached(9)),
      ...part.soundness(),
    ];
  });
}

/** Share of the survivors that this broadcast after the death reached in time. */
function reached(broadcast: number): Figure {
  return ({ kill }) => kill?.broadcasts[broadcast]?.withinTwoSeconds ?? NaN;
}

type Figure = (result: SimulationResult) => number;

/** Makes targets of the same runs: the worst of them decides. */
function partOf(item: string, conditions: string, selects: (run: Run) => boolean) {
  const most = (figure: string, limit: number, unit: Terms['unit'], of: Figure): SimulationTarget => {
    const measure = (results: readonly SimulationResult[]) => Math.max(...results.map(of));
    return { item, conditions, figure, bound: 'at most', limit, unit, selects, measure };
  };
  const least = (figure: string, limit: number, unit: Terms['unit'], of: Figure): SimulationTarget => {
    const measure = (results: readonly SimulationResult[]) => Math.min(...results.map(of));
    return { item, conditions, figure, bound: 'at least', limit, unit, selects, measure };
  };
  const soundness = () => [
    most('faults', 0, '', ({ unexplainedMissing, duplicatesToHandlers }) => unexplainedMissing + duplicatesToHandlers),
  ];
  const delivery = () => [least('delivered', 1, '%', result => result.delivered), ...soundness()];
  return { most, least, soundness, delivery };
}
