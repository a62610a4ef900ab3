import { cpSync, existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Copies the compiled simulator, so that all runs of a report have the same code even if somebody compiles meanwhile.
 * @param compiled the directory of the compiler's output.
 * @param directory where copies are kept, below the packages that the simulator needs.
 * @param code hash of the code, which names the copy.
 * @returns the directory of the copy.
 */
export function copySimulator(compiled: string, directory: string, code: string): string {
  const copy = join(directory, code);
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  cpSync(compiled, unfinished, { recursive: true });
  // Below `node_modules`, node does not look for the package that files belong to.
  writeFileSync(join(unfinished, 'package.json'), '{ "type": "module" }\n');
  try {
    renameSync(unfinished, copy);
  } catch (error) {
    rmSync(unfinished, { recursive: true });
    // Another report was quicker.
    if (!existsSync(copy)) throw error;
  }
  return copy;
}
