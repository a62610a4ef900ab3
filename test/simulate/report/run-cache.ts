import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

interface Entry<Result> {
  readonly key: string;
  readonly result: Result;
}

/** Results of runs that are done: a report that was interrupted goes on where it was. */
export class RunCache<Result> {
  private readonly results = new Map<string, Result>();

  /** @param path the file. @param code hash of all that a result depends on besides the options. */
  constructor(
    private readonly path: string,
    private readonly code: string,
  ) {
    mkdirSync(dirname(path), { recursive: true });
    if (!existsSync(path)) return;
    for (const line of readFileSync(path, 'utf8').split('\n')) {
      const entry = parse<Result>(line);
      if (entry !== undefined) this.results.set(entry.key, entry.result);
    }
  }

  get(options: readonly string[]): Result | undefined {
    return this.results.get(this.keyOf(options));
  }

  put(options: readonly string[], result: Result): void {
    const entry: Entry<Result> = { key: this.keyOf(options), result };
    this.results.set(entry.key, result);
    // The line before may have lost its end, with the process that wrote it.
    appendFileSync(this.path, `\n${JSON.stringify(entry)}\n`);
  }

  private keyOf(options: readonly string[]): string {
    return `${this.code} ${options.join(' ')}`;
  }
}

/** Undefined for what is no entry, such as the rest of a line whose writer was killed. */
function parse<Result>(line: string): Entry<Result> | undefined {
  try {
    const entry = JSON.parse(line) as Partial<Entry<Result>> | null;
    return typeof entry?.key === 'string' && entry.result !== undefined ? (entry as Entry<Result>) : undefined;
  } catch {
    return undefined;
  }
}

/** Hash of the compiled files of these directories, without those below any of `except`. */
export function hashOfCode(directories: readonly string[], ...except: readonly string[]): string {
  const hash = createHash('sha256');
  for (const directory of directories) {
    const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter(file => file.endsWith('.js'))
      .filter(file => except.every(other => relative(other, join(directory, file)).startsWith('..')))
      .sort();
    for (const file of files) hash.update(`${file.split(sep).join('/')}\0`).update(readFileSync(join(directory, file)));
  }
  return hash.digest('hex').slice(0, 16);
}
