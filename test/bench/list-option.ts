import { UsageError } from '../processes/program.js';

/** The values of `--name a,b` or `--name=a,b`; undefined when it is not given. */
export function listOption(args: readonly string[], name: string): string[] | undefined {
  const position = args.findIndex(arg => arg === name || arg.startsWith(`${name}=`));
  if (position < 0) return undefined;
  const value = args[position]!.includes('=') ? args[position]!.split('=')[1] : args[position + 1];
  return value?.split(',');
}

/** The same for numbers of nodes. Throws a UsageError when one of them is none, or less than a number. */
export function nodesOption(args: readonly string[], least: number): number[] | undefined {
  return listOption(args, '--nodes')?.map(text => {
    const nodes = Number(text);
    if (Number.isInteger(nodes) && nodes >= least) return nodes;
    throw new UsageError(`--nodes is ${text}: give whole numbers from ${least} on, as in --nodes 10,100.`);
  });
}
