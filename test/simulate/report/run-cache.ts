import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { SimulationResult } from '../result.js';

const FILE = 'results.jsonl';

interface Entry {
  readonly key: string;
  readonly result: SimulationResult;
}

/** Results of runs that are done: a report that was interrupted goes on where it was. */
export class RunCache {
  private readonly results = new Map<string, SimulationResult>();
  private readonly path: string;

  /** @param code hash of all that a result depends on besides the options. */
  constructor(
    directory: string,
    private readonly code: string,
  ) {
    mkdirSync(directory, { recursive: true });
    this.path = join(directory, FILE);
    if (!existsSync(this.path)) return;
    for (const line of readFileSync(this.path, 'utf8').split('\n')) {
      const entry = parse(line);
      if (entry !== undefined) this.results.set(entry.key, entry.result);
    }
  }

  get(options: readonly string[]): SimulationResult | undefined {
    return this.results.get(this.keyOf(options));
  }

  put(options: readonly string[], result: SimulationResult): void {
    const entry: Entry = { key: this.keyOf(options), result };
    this.results.set(entry.key, result);
    // The line before may have lost its end, with the process that wrote it.
    appendFileSync(this.path, `\n${JSON.stringify(entry)}\n`);
  }

  private keyOf(options: readonly string[]): string {
    return `${this.code} ${options.join(' ')}`;
  }
}

/** Undefined for what is no entry, such as the rest of a line whose writer was killed. */
function parse(line: string): Entry | undefined {
  try {
    const entry = JSON.parse(line) as Partial<Entry> | null;
    return typeof entry?.key === 'string' && entry.result !== undefined ? (entry as Entry) : undefined;
  } catch {
    return undefined;
  }
}

/** Hash of the compiled files of these directories, without those below `except`. */
export function hashOfCode(directories: readonly string[], except: string): string {
  const hash = createHash('sha256');
  for (const directory of directories) {
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.js') && relative(except, join(directory, file)).startsWith('..'))
      .sort();
    for (const file of files) hash.update(`${file.split(sep).join('/')}\0`).update(readFileSync(join(directory, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
