export type Command = { readonly run: 'once' | 'endlessly' } | { readonly run: 'help' } | { readonly mistake: string };

export const USAGE = `Usage: npm start [-- flags]

Starts six homies in three zones on this machine, one process each, with a fresh random key and on free ports. They take
turns: each changes a product with an HTTP PUT and emits cache.invalidate, and the table shows how many milliseconds later
each of the others received it. Ctrl-C ends it.

  --once    One full round, from every homie to every other, then a verdict. Exits with 0 when every event reached every
            other homie exactly once and nobody served an outdated product afterwards, and with 1 otherwise.
  --help    This text.`;

export function readCommandLine(flags: readonly string[]): Command {
  const unknown = flags.find(flag => !['--once', '--help', '-h'].includes(flag));
  if (unknown !== undefined) return { mistake: `Unknown flag "${unknown}". There are --once and --help.` };
  if (flags.some(flag => flag !== '--once')) return { run: 'help' };
  return { run: flags.length > 0 ? 'once' : 'endlessly' };
}
