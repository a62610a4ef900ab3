import { boundText, valueText } from '../../report/terms.js';
import { bytesText, markdownTable, millisecondsText, MISSING, numberText, percentText } from '../../report/texts.js';
import type { KillReport, SimulationResult } from '../result.js';
import { BASELINES } from '../baselines/baseline.js';
import { BASELINE_LOSSES, type SimulationOutcome } from './runs.js';
import type { Judgement } from './targets.js';

/** How many targets each scenario has kept. */
export function verdictTable(judgements: readonly Judgement[]): string {
  const items = [...new Set(judgements.map(({ target }) => target.item))];
  const rows = items.map(item => {
    const own = judgements.filter(({ target }) => target.item === item);
    const met = own.filter(({ isMet }) => isMet).length;
    return [item, `${met} of ${own.length}`, met === own.length ? 'pass' : '**fail**'];
  });
  return markdownTable(['Scenario', 'Targets met', ''], rows);
}

export function targetTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ target, runs, measured, isMet }) => [
    target.item,
    target.conditions,
    target.figure,
    boundText(target),
    valueText(measured, target.unit),
    String(runs),
    isMet ? 'met' : '**missed**',
  ]);
  return markdownTable(['Scenario', 'Conditions', 'Figure', 'Target', 'Measured', 'Runs', ''], rows);
}

export function growthTable(outcomes: readonly SimulationOutcome[]): string {
  const rows = outcomes
    .filter(({ run }) => run.part === 'growth')
    .map(({ run, result }) => [
      numberText(run.nodes),
      `\`${run.strategy}\``,
      ...cells(result, [
        ({ stretch }) => `${numberText(stretch.p50)}x`,
        ({ stretch }) => `${numberText(stretch.p99)}x`,
        ({ latencyMs }) => millisecondsText(latencyMs.p99),
        ({ copiesPerNode }) => numberText(copiesPerNode),
        ({ bytesPerNodePerMessage }) => bytesText(bytesPerNodePerMessage),
        ({ hops }) => `${hops.p50} / ${hops.max}`,
        ({ links }) => `${numberText(links.mean)} / ${links.max}`,
        ({ stateBytesPerNode = NaN }) => bytesText(stateBytesPerNode),
      ]),
    ]);
  const head = ['Nodes', 'Strategy', 'p50', 'p99', 'p99 latency', 'Copies', 'Bytes', 'Hops, median / most'];
  return markdownTable([...head, 'Links, mean / most', 'State of a node'], rows);
}

/** The busy origin with the engines and with the baselines: of each figure, the worst of the seeds. */
export function baselineTable(outcomes: readonly SimulationOutcome[]): string {
  const rows = BASELINE_LOSSES.flatMap(loss =>
    ['gwyh' as const, ...BASELINES].map(protocol => {
      const results = outcomes
        .filter(({ run }) => run.loss === loss && (run.part === 'busy' || run.part === 'baseline'))
        .filter(({ run }) => (run.baseline ?? 'gwyh') === protocol)
        .flatMap(({ result }) => result ?? []);
      const most = (figure: (result: SimulationResult) => number) =>
        results.length === 0 ? NaN : Math.max(...results.map(figure));
      const delivered = results.length === 0 ? NaN : Math.min(...results.map(result => result.delivered));
      return [
        percentText(loss),
        protocol,
        `${numberText(most(({ stretch }) => stretch.p50))}x`,
        `${numberText(most(({ stretch }) => stretch.p99))}x`,
        millisecondsText(most(({ latencyMs }) => latencyMs.max)),
        numberText(most(({ copiesPerNode }) => copiesPerNode)),
        bytesText(most(({ bytesPerNodePerMessage }) => bytesPerNodePerMessage)),
        percentText(most(({ controlShare }) => controlShare)),
        percentText(delivered),
        numberText(most(({ explainedMissing }) => explainedMissing['no_repair_in_this_protocol'] ?? 0)),
      ];
    }),
  );
  const head = ['Loss', 'Protocol', 'p50', 'p99', 'Slowest', 'Copies', 'Bytes', 'Control', 'Delivered'];
  return markdownTable([...head, 'Missing, no repair'], rows);
}

export function largeTable(outcomes: readonly SimulationOutcome[]): string {
  const rows = outcomes
    .filter(({ run }) => run.part === 'large')
    .map(({ run, result }) => [
      bytesText(run.payloadBytes ?? NaN),
      numberText(run.nodes),
      percentText(run.loss),
      ...cells(result, [
        ({ overheadPerMessageByte = NaN }) => numberText(overheadPerMessageByte),
        ({ latencyMs }) => millisecondsText(latencyMs.p50),
        ({ latencyMs }) => millisecondsText(latencyMs.max),
        ({ directMs }) => millisecondsText(directMs.max),
        ({ directFanOutMs = NaN, directMs }) => millisecondsText(directFanOutMs + directMs.max),
        ({ delivered }) => percentText(delivered),
      ]),
    ]);
  const head = ['Message', 'Nodes', 'Loss', 'Bytes per node by message', 'Median node', 'Last node'];
  return markdownTable([...head, 'Direct to one, the farthest', 'Direct to all, the last', 'Delivered'], rows);
}

export function killTable(outcomes: readonly SimulationOutcome[]): string {
  const rows = outcomes
    .filter(({ run }) => run.part === 'kill')
    .map(({ run, result }) => [
      percentText(run.killShare ?? NaN),
      String(run.seed),
      ...cells(result, [
        ({ kill }) => numberText(kill?.survivors ?? NaN),
        ({ kill }) => numberText(kill?.broadcasts[0]?.reachable ?? NaN),
        ({ kill }) => percentText(kill?.broadcasts[0]?.withinTwoSeconds ?? NaN),
        ({ kill }) => firstThatReachedAll(kill),
        ({ kill }) => percentText(kill?.broadcasts.at(-1)?.withinTwoSeconds ?? NaN),
      ]),
    ]);
  const head = ['Killed', 'Seed', 'Survivors', 'With a path from the origin', 'First within 2 s'];
  return markdownTable([...head, 'First that reached all', 'Last within 2 s'], rows);
}

/** Number of the first broadcast after the death that reached everybody in time, from 1. */
function firstThatReachedAll(kill: KillReport | undefined): string {
  const at = kill?.broadcasts.findIndex(each => each.withinTwoSeconds === 1) ?? -1;
  return at < 0 ? MISSING : String(at + 1);
}

/** All latency percentiles of the runs that are not in a table of their own. */
export function latencyTable(outcomes: readonly SimulationOutcome[]): string {
  const rows = outcomes
    .filter(({ run }) => run.part === 'busy' || run.part === 'quiet' || run.part === 'many-origins')
    .map(({ run, result }) => [
      run.part,
      percentText(run.loss),
      String(run.seed),
      ...cells(result, [
        ({ latencyMs }) => millisecondsText(latencyMs.p50),
        ({ latencyMs }) => millisecondsText(latencyMs.p99),
        ({ latencyMs }) => millisecondsText(latencyMs.max),
        ({ directMs }) => millisecondsText(directMs.p50),
        ({ directMs }) => millisecondsText(directMs.p99),
        ({ copiesPerNode }) => numberText(copiesPerNode),
        ({ bytesPerNodePerMessage }) => bytesText(bytesPerNodePerMessage),
        ({ repairs }) => numberText(repairs),
        ({ digest }) => `\`${digest}\``,
      ]),
    ]);
  const head = ['Scenario', 'Loss', 'Seed', 'p50', 'p99', 'Slowest', 'Direct p50', 'Direct p99', 'Copies', 'Bytes'];
  return markdownTable([...head, 'Repairs', 'Digest'], rows);
}

function cells(
  result: SimulationResult | undefined,
  texts: readonly ((result: SimulationResult) => string)[],
): string[] {
  return texts.map(text => (result === undefined ? MISSING : text(result)));
}
