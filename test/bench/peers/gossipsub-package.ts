import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { UsageError } from '../../processes/program.js';
import { versionOf } from '../environment.js';

/** A package with a lock file of its own: 81 packages more for everybody would be too many for one bench. */
const FOLDER = 'test/bench/peers/gossipsub';

/** Installs the package when that is asked for. Throws a UsageError that says how when it is missing. */
export function requireGossipsub(isInstallAsked: boolean, progress: (text: string) => void): void {
  if (isInstallAsked) {
    progress(`installs what ${FOLDER}/package-lock.json names, into that folder`);
    const { status } = spawnSync('npm', ['ci', '--prefix', FOLDER], { stdio: ['ignore', 2, 2] });
    if (status !== 0) throw new Error(`npm ci --prefix ${FOLDER} failed`);
  }
  if (!existsSync(`${FOLDER}/node_modules`)) {
    throw new UsageError(
      `gossipsub is not installed: add --install, which runs npm ci --prefix ${FOLDER} and changes nothing else.`,
    );
  }
}

/** What is compared with, and over what. */
export function gossipsubVersion(): string {
  const names = ['@libp2p/gossipsub', 'libp2p', '@libp2p/tcp', '@libp2p/noise', '@libp2p/yamux'];
  return names.map(name => `${name} ${versionOf(name, FOLDER)}`).join(', ');
}
