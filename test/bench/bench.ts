/** What the command line asks of a bench. */
export interface BenchOptions {
  /** A fraction of the work, for a look: its figures are too noisy to be cited. */
  readonly isQuick: boolean;
  /** Progress for people, on stderr. */
  readonly progress: (text: string) => void;
  /** What is left of the command line, for the bench itself: `--listeners 3`. */
  readonly args: readonly string[];
}

/** One bench: what it measures, as an object for programs and as lines for people. */
export interface Bench<Result extends object = object> {
  /** One line for `--help`. */
  readonly summary: string;
  run(options: BenchOptions): Promise<Result>;
  table(result: Result): string;
  /** Whether the program exits with 1: of a bench that judges. */
  isFailed?(result: Result): boolean;
}
