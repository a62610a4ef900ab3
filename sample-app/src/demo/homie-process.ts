import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { Listening } from '../parent-process.js';

/** The sample application, next to this directory once compiled. */
const APPLICATION = join(import.meta.dirname, '..', 'main.js');

/** Six processes start at the same time, perhaps on a busy machine with two cores. */
const START_MS = 30_000;

/** Saying goodbye takes a fraction of a second. */
const STOP_MS = 5_000;

const LINES_KEPT = 20;

/** How Nest writes lines that are no warning: what it loaded, what it mapped. */
const ORDINARY = /^\[Nest\].* LOG \[/;

/** One homie as a process of its own. */
export class HomieProcess {
  /** How the process ended, once it has: `exit code 1`, or the name of a signal. */
  readonly ended: Promise<string>;
  private readonly child: ChildProcess;
  private lastLines: string[] = [];

  constructor(environment: NodeJS.ProcessEnv) {
    this.child = fork(APPLICATION, {
      env: { ...process.env, ...environment, NO_COLOR: '1' },
      // What it logs is only of interest when something goes wrong.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.child.stdout!.on('data', this.keepOutput);
    this.child.stderr!.on('data', this.keepOutput);
    this.ended = new Promise(resolve => {
      this.child.once('error', error => resolve(error.message));
      this.child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
  }

  get pid(): number | undefined {
    return this.child.pid;
  }

  /** Its latest warnings and errors, as a sentence to append. */
  get lastWords(): string {
    if (this.lastLines.length === 0) return 'It logged no warning.';
    return `It logged:\n${this.lastLines.map(line => `    ${line}`).join('\n')}`;
  }

  /** The address it takes HTTP requests at, as soon as it does. */
  async listening(): Promise<string> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`it took no requests within ${START_MS} ms`)), START_MS);
    });
    const told = new Promise<string>(resolve => {
      this.child.once('message', message => resolve((message as Listening).listening));
    });
    const ended = this.ended.then(how => Promise.reject(new Error(`it ended with ${how}`)));
    return Promise.race([told, ended, late]).finally(() => clearTimeout(timer));
  }

  /** Asks it to leave, and makes it when it does not. Resolves when it is gone. */
  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    const timer = setTimeout(() => this.kill(), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }

  /** Ends it at once, which it cannot refuse. */
  kill(): void {
    this.child.kill('SIGKILL');
  }

  private readonly keepOutput = (chunk: Buffer): void => {
    const lines = chunk.toString().split('\n');
    const telling = lines.filter(line => line.trim() !== '' && !ORDINARY.test(line));
    this.lastLines = [...this.lastLines, ...telling].slice(-LINES_KEPT);
  };
}
