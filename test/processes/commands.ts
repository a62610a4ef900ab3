/** What a worker process can be asked for: functions of plain data, by name. */
// oxlint-disable-next-line typescript/no-explicit-any -- each worker has arguments of its own
export type Commands = Record<string, (...args: any[]) => unknown>;

export interface Request {
  readonly id: number;
  readonly name: string;
  readonly args: unknown[];
}

export interface Reply {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

/** Answers the process that started this one, until that one goes away. */
export function serve(commands: Commands): void {
  process.on('message', ({ id, name, args }: Request) => {
    Promise.resolve()
      .then(() => commands[name]!(...args))
      .then(
        result => reply({ id, result }),
        (error: Error) => reply({ id, error: error.stack ?? String(error) }),
      );
  });
  process.on('disconnect', () => process.exit());
}

function reply(message: Reply): void {
  process.send?.(message);
}
