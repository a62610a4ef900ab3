import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Commands, Reply, Request } from './commands.js';

/** A program that answers commands, in a process of its own. */
export class Worker<Programs extends Commands> {
  private readonly waiting = new Map<number, (reply: Reply) => void>();
  private requests = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (reply: Reply) => {
      this.waiting.get(reply.id)?.(reply);
      this.waiting.delete(reply.id);
    });
    child.on('exit', (code, signal) => {
      for (const [id, settle] of this.waiting) settle({ id, error: `the process ended (${signal ?? code})` });
      this.waiting.clear();
    });
  }

  /**
   * @param program file of the program, which calls `serve()`.
   * @param prefix command that runs another one, such as `ip netns exec <name>`; it must not fork.
   */
  static start<Programs extends Commands>(program: URL, prefix: readonly string[] = []): Worker<Programs> {
    const [command, ...args] = [...prefix, process.execPath, fileURLToPath(program)];
    const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
    return new Worker(spawn(command!, args, { stdio: [...stdio], serialization: 'advanced' }));
  }

  /** Runs a command there. Rejects with its error, or when the process ends before it answers. */
  ask<Name extends keyof Programs & string>(
    name: Name,
    ...args: Parameters<Programs[Name]>
  ): Promise<Awaited<ReturnType<Programs[Name]>>> {
    return new Promise((resolve, reject) => {
      const id = this.requests++;
      this.waiting.set(id, ({ result, error }) => {
        if (error === undefined) resolve(result as Awaited<ReturnType<Programs[Name]>>);
        else reject(new Error(`${name}: ${error}`));
      });
      const failed = (error: Error | null) => {
        if (error === null || !this.waiting.delete(id)) return;
        reject(new Error(`${name}: ${error.message}`));
      };
      if (this.hasEnded) failed(new Error('the process has ended'));
      else this.child.send({ id, name, args } satisfies Request, failed);
    });
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.child.kill(signal);
  }

  /** Ends the process without a goodbye. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    if (!this.hasEnded) await once(this.child, 'exit');
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }
}
