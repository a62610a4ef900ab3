/** A share as per cent, as many digits as it needs up to three, and rounded down: only all is 100 %. */
export function percentText(share: number): string {
  return Number.isNaN(share) ? MISSING : `${Math.floor(100_000 * share + TOLERANCE) / 1_000} %`;
}

/** What a product may miss by rounding. */
const TOLERANCE = 1e-6;

/** With so many decimals at most, and separators of thousands. */
export function numberText(value: number, decimals = 3): string {
  return Number.isNaN(value) ? MISSING : value.toLocaleString('en', { maximumFractionDigits: decimals });
}

/** `1 round`, `3 rounds`. */
export function countText(count: number, noun: string): string {
  return `${numberText(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Milliseconds, to a tenth. */
export function millisecondsText(ms: number): string {
  return Number.isNaN(ms) ? MISSING : `${ms.toLocaleString('en', { maximumFractionDigits: 1 })} ms`;
}

/** In the largest unit that gives at least 1. */
export function bytesText(bytes: number): string {
  if (Number.isNaN(bytes)) return MISSING;
  if (bytes >= 1_048_576) return `${numberText(Math.round(bytes / 104_857.6) / 10)} MiB`;
  if (bytes >= 1_024) return `${numberText(Math.round(bytes / 102.4) / 10)} KiB`;
  return `${Math.round(bytes)} B`;
}

/** Stands for a value that there is none of. */
export const MISSING = '–';

/** A table in Markdown. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n');
}
