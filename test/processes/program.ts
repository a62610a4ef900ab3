/** A command line that cannot be used; the message says what is wrong with it. */
export class UsageError extends Error {}

/** Runs a program to the exit code that it returns: 2 when its command line cannot be used, 1 when it fails. */
export async function runProgram(main: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const { code, message, stack } = error as Error & { code?: string };
    const isUsage = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS') === true;
    process.stderr.write(isUsage ? `${message}\nSee --help.\n` : `${stack}\n`);
    process.exitCode = isUsage ? 2 : 1;
  }
}
