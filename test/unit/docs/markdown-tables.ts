import { readFileSync } from 'node:fs';

/** A row of a table: the texts of its cells. */
export type Row = readonly string[];

/** The rows of all tables of the document that follow `<!-- checked: name -->`, without their heads. */
export function checkedRows(document: string, name: string): Row[] {
  const lines = readFileSync(new URL(`../../../docs/${document}`, import.meta.url), 'utf8').split('\n');
  const rows: Row[] = [];
  for (const [at, line] of lines.entries()) {
    if (line !== `<!-- checked: ${name} -->`) continue;
    // After the marker: an empty line, the head, the ruler.
    for (let i = at + 4; lines[i]?.startsWith('|'); i++) rows.push(cellsOf(lines[i]!));
  }
  if (rows.length === 0) throw new Error(`${document} has no table marked "${name}"`);
  return rows;
}

/** What a cell holds between its first pair of backticks. */
export function code(cell: string): string {
  const text = /`([^`]*)`/.exec(cell)?.[1];
  if (text === undefined) throw new Error(`no code in the cell "${cell}"`);
  return text;
}

function cellsOf(line: string): Row {
  return line
    .split('|')
    .slice(1, -1)
    .map(cell => cell.trim());
}
