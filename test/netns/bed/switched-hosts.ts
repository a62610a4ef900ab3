import { Namespaces } from './namespaces.js';

const SWITCH = 'switch';
/** All cables end in the first; the second is for those that a partition cuts off. */
const BRIDGES = ['bridge-0', 'bridge-1'] as const;

/** Hosts with one cable each, all of them plugged into one switch. Hosts are numbers from 0. */
export class SwitchedHosts {
  readonly namespaces = new Namespaces();

  constructor(readonly count: number) {
    const { namespaces } = this;
    namespaces.add(SWITCH);
    for (const bridge of BRIDGES) {
      namespaces.ip(SWITCH, `link add name ${bridge} type bridge`);
      namespaces.ip(SWITCH, `link set ${bridge} up`);
    }
    for (let host = 0; host < count; host++) {
      namespaces.add(nameOf(host));
      namespaces.connect(nameOf(host), 'eth0', SWITCH, portOf(host));
      namespaces.ip(SWITCH, `link set ${portOf(host)} master ${BRIDGES[0]} up`);
      namespaces.ip(nameOf(host), `addr add ${this.addressOf(host)}/24 dev eth0`);
      namespaces.ip(nameOf(host), 'link set eth0 up');
    }
  }

  addressOf(host: number): string {
    return `10.78.0.${host + 1}`;
  }

  /** Pulls the cable at the switch: the host sees its carrier go. */
  pull(host: number): void {
    this.namespaces.ip(SWITCH, `link set ${portOf(host)} down`);
  }

  plug(host: number): void {
    this.namespaces.ip(SWITCH, `link set ${portOf(host)} up`);
  }

  /** Cuts some hosts off from the rest. All keep their carrier, and those that are cut off still reach each other. */
  cutOff(hosts: readonly number[]): void {
    for (const host of hosts) this.namespaces.ip(SWITCH, `link set ${portOf(host)} master ${BRIDGES[1]}`);
  }

  rejoin(hosts: readonly number[]): void {
    for (const host of hosts) this.namespaces.ip(SWITCH, `link set ${portOf(host)} master ${BRIDGES[0]}`);
  }

  /** Gives the host another address in place of its own, as a new lease does. Returns it. */
  readdress(host: number): string {
    const address = `10.78.0.${host + 101}`;
    this.namespaces.ip(nameOf(host), `addr del ${this.addressOf(host)}/24 dev eth0`);
    this.namespaces.ip(nameOf(host), `addr add ${address}/24 dev eth0`);
    return address;
  }

  /**
   * Makes the switch drop what is longer on the way from and to a host, and tell nobody: switches send no ICMP. The host
   * itself goes on believing in 1,500.
   */
  narrow(host: number, mtu: number): void {
    this.namespaces.ip(SWITCH, `link set ${portOf(host)} mtu ${mtu}`);
  }

  close(): Promise<void> {
    return this.namespaces.close();
  }
}

export function nameOf(host: number): string {
  return `host-${host}`;
}

function portOf(host: number): string {
  return `port-${host}`;
}
