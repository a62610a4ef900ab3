import { randomBytes } from 'node:crypto';
import { HomieHttp } from './homie-http.js';
import { HomieProcess } from './homie-process.js';
import type { Homie } from './homie.js';
import type { Interruption } from './interruption.js';
import { waitUntil } from './wait-until.js';

const PLACES = [
  { name: 'ash', zone: 'eu' },
  { name: 'birch', zone: 'eu' },
  { name: 'cedar', zone: 'us' },
  { name: 'elm', zone: 'us' },
  { name: 'fir', zone: 'ap' },
  { name: 'oak', zone: 'ap' },
] as const;

/** Homies of one machine find each other within two seconds, unless the machine is very busy. */
const READY_MS = 20_000;

/** The demo's six homies: their start, and their end whatever happens. */
export class Neighbourhood {
  private readonly processes = new Set<HomieProcess>();
  private readonly key = `hex:${randomBytes(32).toString('hex')}`;
  private isLeaving = false;

  constructor(
    private readonly catalogueDirectory: string,
    private readonly interruption: Interruption,
  ) {}

  /** Resolves when all six take requests; whether they know each other by then is another question. */
  async start(): Promise<Homie[]> {
    const [first, ...others] = PLACES;
    // The port is chosen by the system, so that the others can only be told after the first one has it.
    const seed = await this.open(first, '');
    return [seed, ...(await Promise.all(others.map(place => this.open(place, seed.address))))];
  }

  /** Resolves when each homie is linked with others and knows all of them. Rejects with the name of one that is not. */
  async ready(homies: readonly Homie[]): Promise<void> {
    const { signal } = this.interruption;
    await Promise.all(
      homies.map(async ({ name, http, process }) => {
        let known = 0;
        const look = async () => {
          const { self, members } = await http.cluster();
          known = members.length;
          return (self.ready && known === homies.length - 1) || undefined;
        };
        if (await waitUntil(look, READY_MS, signal)) return;
        const others = homies.length - 1;
        throw new Error(
          `Homie ${name} is not ready after ${READY_MS} ms: it knows ${known} of the ${others} others. ` +
            process.lastWords,
        );
      }),
    );
  }

  /** Asks all homies to leave and waits until their processes are gone. */
  async stop(): Promise<void> {
    this.isLeaving = true;
    await Promise.all([...this.processes].map(process => process.stop()));
  }

  /** Ends all processes without asking. */
  kill(): void {
    for (const process of this.processes) process.kill();
  }

  private async open({ name, zone }: (typeof PLACES)[number], peer: string): Promise<Homie> {
    const process = new HomieProcess({
      CATALOGUE_DIR: this.catalogueDirectory,
      PORT: '0',
      HOST: '127.0.0.1',
      GWYH_BIND: '127.0.0.1:0',
      GWYH_ZONE: zone,
      GWYH_KEYS: this.key,
      GWYH_PEERS: peer,
    });
    this.processes.add(process);
    const url = await this.unlessInterrupted(process.listening()).catch((error: Error) => {
      throw new Error(`Homie ${name} did not start: ${error.message}. ${process.lastWords}`);
    });
    void process.ended.then(how => {
      if (!this.isLeaving) {
        this.interruption.because(new Error(`Homie ${name} died (${how}). ${process.lastWords}`));
      }
    });
    const http = new HomieHttp(name, url, this.interruption.signal);
    const { self } = await http.cluster();
    return { name, zone, process, url, http, id: self.id, address: self.address! };
  }

  private unlessInterrupted<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.interruption;
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const giveUp = () => reject(signal.reason);
      signal.addEventListener('abort', giveUp, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
    });
  }
}
