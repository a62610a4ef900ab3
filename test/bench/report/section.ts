import type { Plot } from '../../report/plot.js';
import type { Terms } from '../../report/terms.js';
import type { Bench } from '../bench.js';

/** A figure that the result of a bench has to keep. */
export interface BenchTarget<Result> extends Terms {
  /** The figure; NaN when the result does not have it. */
  readonly measure: (result: Result) => number;
  /** Why the figure does not prove that the target is met, though it may prove that it is missed. */
  readonly doubt?: (result: Result) => string | undefined;
}

/** What the report says of one bench. */
export interface Section<Result extends object = object> {
  /** Of the bench, on the command line and among the saved results. */
  readonly name: string;
  readonly title: string;
  readonly bench: Bench<Result>;
  readonly targets: readonly BenchTarget<Result>[];
  /** Paragraphs and tables of the document, Markdown. */
  body(result: Result): readonly string[];
  /** The same, for the README: shorter. */
  readme(result: Result): readonly string[];
  /** Plots, which stand below the body. */
  plots?(result: Result): readonly Plot[];
}
