import type { SimulationResult } from './result.js';

/** The result as lines of name and figures. */
export function table(result: SimulationResult): string {
  return Object.entries(result)
    .map(([name, value]) => `${name.padEnd(NAME_WIDTH)}${text(value)}\n`)
    .join('');
}

const NAME_WIDTH = 28;

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(each => `\n  ${text(each)}`).join('');
  if (typeof value !== 'object' || value === null) return String(value);
  const entries = Object.entries(value);
  return entries.length === 0 ? '-' : entries.map(([name, each]) => `${name} ${text(each)}`).join('  ');
}
