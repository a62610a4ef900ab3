import { spawnSync } from 'node:child_process';

/** Where a missing command comes from. */
const PACKAGES = { ip: 'iproute2', tc: 'iproute2', iperf3: 'iperf3' } as const;
export type Tool = keyof typeof PACKAGES;

/** A namespace with all that the beds are made of; each step says what the kernel lacks when it fails. */
const TRIALS: readonly (readonly [lacking: string, command: string])[] = [
  ['network namespaces (CONFIG_NET_NS)', 'ip netns add $N'],
  ['veth pairs (CONFIG_VETH)', 'ip -n $N link add name trial0 type veth peer name trial1'],
  ['bridges (CONFIG_BRIDGE)', 'ip -n $N link add name trial2 type bridge'],
  ['the token bucket (CONFIG_NET_SCH_TBF)', 'tc -n $N qdisc add dev trial0 root tbf rate 10mbit burst 5k latency 50ms'],
];

/** What this machine lacks to build the beds, in words that say how to get it. Empty when nothing is missing. */
export function missingRequirements(tools: readonly Tool[]): string[] {
  if (process.platform !== 'linux') return [`Linux (this is ${process.platform})`];
  const missing = tools
    .filter(tool => spawnSync(tool, ['-V']).error !== undefined && spawnSync(tool, ['-v']).error !== undefined)
    .map(tool => `the command "${tool}" (Debian: apt-get install ${PACKAGES[tool]})`);
  if (process.getuid?.() !== 0) missing.push('root (run it with sudo, or in a container with --privileged)');
  return missing.length > 0 ? missing : missingInKernel();
}

function missingInKernel(): string[] {
  const name = `gwyh-trial-${process.pid}`;
  const run = (command: string) => spawnSync('sh', ['-c', command.replaceAll('$N', name)], { encoding: 'utf8' });
  try {
    for (const [lacking, command] of TRIALS) {
      const { status, stderr } = run(command);
      if (status !== 0) return [`${lacking}: "${command}" failed: ${stderr.trim()}`];
    }
    return [];
  } finally {
    run('ip netns del $N');
  }
}
