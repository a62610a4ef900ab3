import { mkdirSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';

/** What Prettier has an opinion on. */
const PARSERS: Readonly<Record<string, string>> = { '.md': 'markdown', '.json': 'json' };

/** Writes files of a report by their names, Markdown and JSON as Prettier has them. */
export async function writeFiles(directory: string, files: Readonly<Record<string, string>>): Promise<void> {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(directory, name), await formatted(name, text));
  }
}

/** The text of a file with this name, in the style of this package. */
export async function formatted(name: string, text: string): Promise<string> {
  const parser = PARSERS[extname(name)];
  if (parser === undefined) return text;
  return format(text, { ...(await resolveConfig('package.json')), parser });
}
