import { type ChildProcess, fork, type ForkOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { runProgram } from '../processes/program.js';

/** The ticks of `/proc/<pid>/stat` a second: 100 on every Linux that Node.js runs on (`getconf CLK_TCK`). */
const TICKS_PER_SECOND = 100;

const children = new Set<ChildProcess>();

/** A process of this bench that runs a module and answers questions. It ends with this process at the latest. */
export class Worker {
  private constructor(private readonly child: ChildProcess) {}

  /** Resolves with the first message of the worker, which says that it is ready. */
  static async start<Hello>(
    module: URL,
    args: readonly string[],
    options: Pick<ForkOptions, 'env' | 'execArgv'> = {},
  ): Promise<[worker: Worker, hello: Hello]> {
    const child = track(fork(module, args, { ...options, serialization: 'advanced' }));
    return [new Worker(child), await answerOf<Hello>(child)];
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Sends a question and waits for the answer. One at a time. */
  ask<Answer>(question: object): Promise<Answer> {
    const answer = answerOf<Answer>(this.child);
    this.child.send(question);
    return answer;
  }

  end(): Promise<void> {
    return end(this.child);
  }
}

/** Starts a program that runs until `end`. What it writes is shown only when it ends by itself. */
export function startProgram(command: string, args: readonly string[]): ChildProcess {
  return track(spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore'] }));
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}

/** For the end of the bench, whatever ends it. */
export function endAllChildren(): void {
  for (const child of children) child.kill('SIGKILL');
}

/** Runs a program of this bench as `runProgram` does, and ends what it started, also when it is told to end itself. */
export async function runWithChildren(main: () => Promise<number>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      endAllChildren();
      process.exit(1);
    });
  }
  await runProgram(main);
  endAllChildren();
}

/** Answers the questions of {@link Worker.ask} in the worker, after saying hello. */
export function serveQuestions<Question>(hello: unknown, answer: (question: Question) => unknown): void {
  process.on('message', (question: Question) => {
    void Promise.resolve(answer(question)).then(reply => process.send!(reply ?? null));
  });
  process.on('disconnect', () => process.exit());
  process.send!(hello);
}

/** Seconds of processor time that these processes have used, all their threads together. */
export function cpuSeconds(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the name, in parentheses, and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11]) + Number(fields[12]);
  }
  return ticks / TICKS_PER_SECOND;
}

/** Memory that these processes hold now, MiB. */
export function residentMib(pids: readonly number[]): number {
  let kib = 0;
  for (const pid of pids) kib += Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  return kib / 1_024;
}

export function pause(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, ms));
}

export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await pause(20);
  }
}

function track(child: ChildProcess): ChildProcess {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

async function answerOf<Answer>(child: ChildProcess): Promise<Answer> {
  const ended = new AbortController();
  const exit = once(child, 'exit', { signal: ended.signal }).then(
    ([code, signal]) => {
      throw new Error(`a process of the bench ended by itself (${String(code ?? signal)})`);
    },
    () => new Promise<never>(() => undefined),
  );
  const [answer] = (await Promise.race([once(child, 'message', { signal: ended.signal }), exit])) as [Answer];
  ended.abort();
  return answer;
}
