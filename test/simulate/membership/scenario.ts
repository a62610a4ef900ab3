import type { Percentiles } from '../percentiles.js';

/** What every scenario tells of itself. */
export interface ScenarioReport {
  readonly detectionMs: Percentiles | null;
  /** Null when it was not measured, or never came. */
  readonly convergenceMs: number | null;
  /** What must hold in this scenario, and did not. */
  readonly failures: readonly string[];
}
