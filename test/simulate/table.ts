/** The result as lines of name and figures. */
export function table(result: object): string {
  return Object.entries(result)
    .map(([name, value]) => `${name.padEnd(NAME_WIDTH)}${text(value)}\n`)
    .join('');
}

const NAME_WIDTH = 28;

function text(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.map(each => `\n  ${text(each)}`).join('');
  if (value === null) return '-';
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value);
  return entries.length === 0 ? '-' : entries.map(([name, each]) => `${name} ${text(each)}`).join('  ');
}
