import { type ChildProcess, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { end, startProgram, until } from '../processes.js';
import type { BrokerName } from './transport.js';

/** Longest start of a broker on a busy machine, ms. */
const START_MS = 20_000;

/** Where Debian puts servers, which the PATH of an ordinary user leaves out. */
const SERVER_FOLDER = '/usr/sbin';

interface BrokerProgram {
  readonly command: string;
  /** The Debian package that brings it. */
  readonly debianPackage: string;
  readonly versionArgs: readonly string[];
  /** Arguments for loopback and this port; everything else stays as it comes, but nothing is written to disk. */
  readonly args: (port: number) => readonly string[];
}

const PROGRAMS: Record<BrokerName, BrokerProgram> = {
  redis: {
    command: 'redis-server',
    debianPackage: 'redis-server',
    versionArgs: ['--version'],
    args: port => ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no'],
  },
  nats: {
    command: 'nats-server',
    debianPackage: 'nats-server',
    versionArgs: ['--version'],
    args: port => ['--addr', '127.0.0.1', '--port', `${port}`],
  },
  mqtt: {
    command: 'mosquitto',
    debianPackage: 'mosquitto',
    versionArgs: ['-h'],
    args: port => ['-p', `${port}`],
  },
};

/** A broker that this bench started, on a free port of loopback. */
export interface Broker {
  readonly pid: number;
  readonly port: number;
  readonly version: string;
  end(): Promise<void>;
}

/** How to get a broker that is not installed; undefined when it is. */
export function missingBroker(name: BrokerName): string | undefined {
  const { command, debianPackage } = PROGRAMS[name];
  if (existsSync(`${SERVER_FOLDER}/${command}`) || spawnSync(command, ['--version']).error === undefined)
    return undefined;
  return `${command} is not installed, so that ${name} is left out: apt-get install ${debianPackage}`;
}

export async function startBroker(name: BrokerName): Promise<Broker> {
  const program = PROGRAMS[name];
  const path = `${SERVER_FOLDER}/${program.command}`;
  const command = existsSync(path) ? path : program.command;
  const port = await freePort();
  const child: ChildProcess = startProgram(command, program.args(port));
  await until(() => accepts(port), START_MS, `${program.command} to listen`);
  return { pid: child.pid!, port, version: versionOf(command, program.versionArgs), end: () => end(child) };
}

/** A port of loopback that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function versionOf(command: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(command, [...args], { encoding: 'utf8' });
  return /\d+\.\d+\.\d+/.exec(stdout + stderr)?.[0] ?? 'of unknown version';
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
