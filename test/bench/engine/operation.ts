/** Something that is done so often that nanoseconds and bytes count. */
export interface Operation {
  readonly name: string;
  readonly what: string;
  /** How many times `run` does it: a single time is shorter than what a clock can measure. */
  readonly count: number;
  /** Makes what one run consumes. Not measured. */
  prepare?(): void | Promise<void>;
  run(): void | Promise<void>;
  /** Takes away what one run left. Not measured. */
  cleanUp?(): void | Promise<void>;
}
