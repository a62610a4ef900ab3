import type { Judgement } from './targets.js';
import { numberText } from '../../report/texts.js';

/** Says which targets are missed, and how many are met. */
export function tellVerdict(judgements: readonly Judgement[]): void {
  for (const { target, measured, isMet } of judgements) {
    if (isMet) continue;
    const wanted = `${target.bound} ${target.limit}`;
    tell(`missed: ${target.item}, ${target.conditions}, ${target.figure}: ${numberText(measured)}, not ${wanted}`);
  }
  tell(`${judgements.filter(({ isMet }) => isMet).length} of ${judgements.length} targets are met`);
}

export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}
