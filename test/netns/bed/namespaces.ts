import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Commands } from '../../processes/commands.js';
import { Worker } from '../../processes/worker.js';

/**
 * Waits until its standard input ends, which it does when the process that made the namespaces ends, however that
 * happens. Then it ends what still runs in them, and deletes them.
 */
const JANITOR = `
cat > /dev/null
for name in $(ip netns list | cut -d ' ' -f 1 | grep "^$0-"); do
  for pid in $(ip netns pids "$name"); do kill -9 "$pid"; done
  ip netns del "$name"
done
`;

/** Network namespaces of our own under names nobody else has, gone when this process is. */
export class Namespaces {
  private readonly prefix = `gwyh-${process.pid}-${randomBytes(3).toString('hex')}`;
  private readonly janitor: ChildProcess;

  constructor() {
    // In a session of its own: Ctrl-C reaches this process and not the janitor.
    this.janitor = spawn('sh', ['-c', JANITOR, this.prefix], { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  }

  add(name: string): void {
    execFileSync('ip', ['netns', 'add', this.fullName(name)]);
    this.ip(name, 'link set lo up');
    // Router solicitations and the like would be counted as traffic.
    this.exec(name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1', 'net.ipv6.conf.default.disable_ipv6=1');
  }

  /** A cable between two of them: an interface at either end, still down. */
  connect(a: string, interfaceOfA: string, b: string, interfaceOfB: string): void {
    const [nameA, nameB] = [this.fullName(a), this.fullName(b)];
    const end = `link add name ${interfaceOfA} netns ${nameA} type veth peer name ${interfaceOfB} netns ${nameB}`;
    execFileSync('ip', end.split(' '));
  }

  /** `ip` inside of one, with arguments parted by single spaces. */
  ip(name: string, args: string): string {
    return execFileSync('ip', ['-n', this.fullName(name), ...args.split(' ')], { encoding: 'utf8' });
  }

  exec(name: string, ...command: string[]): string {
    const [program, ...args] = [...this.prefixOf(name), ...command];
    return execFileSync(program!, args, { encoding: 'utf8' });
  }

  /** @param prefix what else to write before its command. */
  start<Programs extends Commands>(name: string, program: URL, prefix: readonly string[] = []): Worker<Programs> {
    return Worker.start(program, [...this.prefixOf(name), ...prefix]);
  }

  /** What to write before a command to run it inside of one. */
  prefixOf(name: string): string[] {
    return ['ip', 'netns', 'exec', this.fullName(name)];
  }

  /** Ends what runs in them and deletes them. */
  async close(): Promise<void> {
    this.janitor.stdin!.end();
    await once(this.janitor, 'exit');
  }

  /** Those that exist. */
  existing(): string[] {
    const all = execFileSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    return all
      .split('\n')
      .map(line => line.split(' ')[0]!)
      .filter(name => name.startsWith(`${this.prefix}-`));
  }

  private fullName(name: string): string {
    return `${this.prefix}-${name}`;
  }
}
