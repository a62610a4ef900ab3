import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os';

/** Where figures come from: without it they say nothing. */
export interface Environment {
  readonly date: string;
  readonly library: string;
  readonly node: string;
  readonly system: string;
  readonly processor: string;
  readonly memory: string;
  /** Processes that wanted a core during the last minutes: far above the cores, and figures are of a busy machine. */
  readonly load: string;
}

export function environment(): Environment {
  const { name, version } = manifestOf('.');
  return {
    date: new Date().toISOString().slice(0, 10),
    library: `${name} ${version}`,
    node: `Node.js ${process.version}`,
    system: `${type()} ${release()}`,
    processor: `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? 'an unknown processor'}`,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    load: `load ${loadavg()
      .map(load => load.toFixed(1))
      .join(' ')}`,
  };
}

/** Version of a package that is installed in the given folder. */
export function versionOf(packageName: string, folder = '.'): string {
  return manifestOf(`${folder}/node_modules/${packageName}`).version;
}

function manifestOf(folder: string): { name: string; version: string } {
  return JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as { name: string; version: string };
}
