import type { GwyhNodeOptions } from 'nestjs-gwyh';
import type { EngineEvent } from '../../lib/engine/engine-event.js';
import type { Endpoint } from '../../lib/engine/endpoint.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import { Views } from '../processes/views.js';
import { BusyProcess } from './busy-process.js';
import type { ClusterFleet } from './cluster-fleet.js';
import { OneMachine } from './one-machine.js';

const LOOK_EVERY_MS = 50;

/** The same engines on a virtual network, in virtual time. */
export class SimulatedFleet implements ClusterFleet {
  readonly views = new Views();
  private readonly cluster: VirtualCluster;
  private readonly machine: OneMachine;
  private readonly processes: BusyProcess[] = [];
  private readonly texts = new Map<VirtualHomie, string[]>();

  /**
   * @param hangMs no condition may take longer to come true.
   * @param datagramMs processor time of a process for each datagram that it receives, ms; with 0 nobody waits for a processor.
   */
  constructor(
    private readonly hangMs: number,
    seed: number,
    private readonly datagramMs: number,
  ) {
    this.machine = new OneMachine(new SeededRandom(seed));
    const onEvent = (homie: VirtualHomie, event: EngineEvent) => this.told(homie, event);
    this.cluster = new VirtualCluster({ seed, paths: this.machine, checkEvery: 'spread', onEvent });
  }

  now(): number {
    return this.cluster.network.now();
  }

  pass(ms: number): Promise<void> {
    this.cluster.advance(ms);
    return Promise.resolve();
  }

  work(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  start(place: number, nodes: readonly GwyhNodeOptions[]): Promise<void> {
    const { network } = this.cluster;
    const ended = this.processes[place]?.homies;
    for (const { id } of ended ?? []) this.views.forget(id);
    const process = new BusyProcess(network, this.datagramMs);
    this.processes[place] = process;
    for (const [i, node] of nodes.entries()) {
      const { zone, heartbeat } = node;
      const options = {
        ...(zone !== undefined && { zone }),
        ...(heartbeat !== undefined && { heartbeat: heartbeat as Required<typeof heartbeat> }),
      };
      const endpoint = endpointOf(node.bind!);
      this.machine.open(network.numberOf(endpoint), process);
      const homie =
        ended === undefined
          ? this.cluster.add({ ...options, endpoint, seeds: node.peers!.map(endpointOf) })
          : this.cluster.restart(ended[i]!, options);
      process.homies.push(homie);
    }
    return Promise.resolve();
  }

  ids(places?: readonly number[]): string[] {
    return this.homies(places).map(({ id }) => id);
  }

  kill(place: number): Promise<void> {
    this.processes[place]!.kill();
    return Promise.resolve();
  }

  standStill(place: number, ms: number): Promise<void> {
    this.processes[place]!.standStill(ms);
    return this.pass(ms);
  }

  allSeeAll(): Promise<void> {
    const ids = this.ids();
    const doAllAnswerAll = () => this.homies().every(({ engine }) => engine.members.length === ids.length - 1);
    return this.until('all see all', () => this.views.areComplete(ids) && doAllAnswerAll());
  }

  async until(name: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = this.now() + this.hangMs;
    while (!(await condition())) {
      if (this.now() > deadline) throw new Error(`still not after ${this.hangMs / 1_000} simulated s: ${name}`);
      this.cluster.advance(LOOK_EVERY_MS);
    }
  }

  broadcast(place: number, text: string): Promise<void> {
    this.processes[place]!.homies[0]!.broadcast(Buffer.from(text));
    return Promise.resolve();
  }

  received(places: readonly number[]): Promise<string[][]> {
    return Promise.resolve(this.homies(places).map(homie => [...(this.texts.get(homie) ?? [])]));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  private homies(places?: readonly number[]): VirtualHomie[] {
    return this.processes.flatMap(({ homies }, place) => ((places?.includes(place) ?? true) ? homies : []));
  }

  private told(homie: VirtualHomie, event: EngineEvent): void {
    if ('member' in event) {
      const { type, member } = event;
      this.views.add([{ atMs: this.now(), observer: homie.id, event: type, member: member.id }]);
    } else if (event.type === 'broadcast') {
      const texts = this.texts.get(homie) ?? [];
      texts.push(Buffer.from(event.payload).toString());
      this.texts.set(homie, texts);
    }
  }
}

function endpointOf(text: string): Endpoint {
  const [address, port] = text.split(':') as [string, string];
  return { address, port: Number(port) };
}
