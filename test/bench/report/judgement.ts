import { isKept, type Terms } from '../../report/terms.js';
import type { SavedRun } from './saved-run.js';
import type { BenchTarget, Section } from './section.js';

/** `open`: what was measured does not decide it. */
export type Verdict = 'met' | 'missed' | 'open';

export interface Judgement {
  readonly target: Terms;
  /** NaN when it was not measured. */
  readonly measured: number;
  readonly verdict: Verdict;
  /** Why it is open. */
  readonly reason?: string;
  /** The figure is of a quick run. */
  readonly isQuick: boolean;
}

/** @param result of the bench; undefined when there is none. */
export function judge<Result>(target: BenchTarget<Result>, result: Result | undefined, isQuick: boolean): Judgement {
  const measured = result === undefined ? NaN : target.measure(result);
  const judgement = { target, measured, isQuick };
  if (Number.isNaN(measured)) return { ...judgement, verdict: 'open', reason: 'not measured' };
  if (!isKept(target, measured)) return { ...judgement, verdict: 'missed' };
  const reason = target.doubt?.(result!);
  return reason === undefined ? { ...judgement, verdict: 'met' } : { ...judgement, verdict: 'open', reason };
}

/** All targets of these benches. */
export function judgeAll(sections: readonly Section[], run: SavedRun): Judgement[] {
  return sections.flatMap(({ name, targets }) =>
    targets.map(target => judge(target, run[name]?.result, run[name]?.isQuick ?? false)),
  );
}

/** `7 of 12 targets are met, 2 are missed, 3 are open.` */
export function summaryText(judgements: readonly Judgement[]): string {
  const count = (verdict: Verdict) => judgements.filter(each => each.verdict === verdict).length;
  const [met, missed, open] = [count('met'), count('missed'), count('open')];
  return `${met} of ${judgements.length} targets ${are(met)} met, ${missed} ${are(missed)} missed, ${open} ${are(open)} open.`;
}

function are(number: number): string {
  return number === 1 ? 'is' : 'are';
}

/** What stands in the last column of a table of targets. */
export function verdictText({ verdict, reason, isQuick }: Judgement): string {
  const text = verdict === 'missed' ? '**missed**' : verdict;
  const remarks = [reason, isQuick && verdict !== 'open' ? 'quick run' : undefined].filter(each => each !== undefined);
  return remarks.length === 0 ? text : `${text}: ${remarks.join(', ')}`;
}
