import { spawn } from 'node:child_process';

/** Far more than a slow registry or a busy machine needs. */
const COMMAND_MS = 10 * 60_000;

/** How npm says that it got no answer. */
const UNREACHABLE =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|E5\d\d)\b/;

const running = new Set();

/** Starts a process that ends with this one at the latest. */
export function start(command, parameters, { cwd, env = process.env }) {
  const child = spawn(command, parameters, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

export function killAll() {
  for (const child of running) child.kill('SIGKILL');
}

/** Runs a command to its end and returns what it wrote to stdout. Throws with what it wrote when it fails. */
export async function run(command, parameters, { cwd, env }) {
  const child = start(command, parameters, { cwd, env });
  const written = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr']) child[stream].on('data', chunk => (written[stream] += chunk));
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
  const ended = await new Promise(resolve => {
    child.once('error', error => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? code));
  });
  clearTimeout(timer);
  if (ended === 0) return written.stdout;
  throw new Error(`${command} ${parameters.join(' ')} ended with ${ended}:\n${written.stdout}${written.stderr}`);
}

const RETRIES = ['--fetch-retries=2', '--fetch-retry-mintimeout=1000'];

/** Installs what the package.json in a directory asks for. */
export async function install(directory) {
  const options = { cwd: directory, env: withoutCaller(process.env) };
  try {
    await run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', ...RETRIES], options);
  } catch (error) {
    // Without a registry npm may well complain of versions that do not fit, so that it is asked something simpler.
    await run('npm', ['view', '@nestjs/core', 'version', '--prefer-online', ...RETRIES], options).catch(
      explainUnreachable,
    );
    throw error;
  }
}

function explainUnreachable(error) {
  if (!UNREACHABLE.test(error.message)) return;
  throw new Error(
    'the package registry cannot be reached, and this check installs Nest from it. Check the network, and what ' +
      `"npm config get registry" says. npm wrote:\n${error.message}`,
    { cause: error },
  );
}

/** What `npm run` tells its scripts about the package they belong to, which is wrong for an npm that works in another. */
const OF_CALLER = /^(npm_package_.*|npm_lifecycle_.*|npm_config_local_prefix|npm_config_prefix|INIT_CWD)$/i;

function withoutCaller(environment) {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !OF_CALLER.test(name)));
}
