import { formatEndpoint, type Endpoint } from '../../../lib/engine/endpoint.js';
import type { HandshakeEvent } from '../../../lib/engine/crypto/handshakes.js';
import { Handshakes, type HandshakeDrop } from '../../../lib/engine/crypto/handshakes.js';
import { Keyring } from '../../../lib/engine/crypto/keyring.js';
import type { Session } from '../../../lib/engine/crypto/session.js';
import { SessionTable, type SessionTableLimits } from '../../../lib/engine/crypto/session-table.js';
import type { RandomFill } from '../../../lib/engine/random.js';
import { bytesOf, seededRandom } from './seeded-random.js';

export const START = 1_000_000;

export interface LabNodeOptions {
  keys?: number[];
  timeLockMs?: number;
  clockOffsetMs?: number;
  fallbackKeys?: boolean;
  payload?: Uint8Array;
  limits?: Partial<SessionTableLimits>;
  address?: string;
}

export interface Flight {
  at: number;
  from: Endpoint;
  to: Endpoint;
  datagram: Uint8Array;
}

/** Keys named by one byte each. */
export function keyringOf(keys: number[], cluster = 'default'): Keyring {
  return Keyring.derive(
    cluster,
    keys.map(key => bytesOf(key, 32)),
  );
}

export class LabNode {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly sessions: SessionTable;
  readonly handshakes: Handshakes;
  readonly events: (HandshakeEvent & { at: number })[] = [];
  readonly received: Uint8Array[] = [];
  keyring: Keyring;
  draws = 0;

  constructor(
    readonly lab: Lab,
    number: number,
    options: LabNodeOptions,
  ) {
    this.id = number.toString(16).padStart(8, '0').repeat(4);
    this.endpoint = { address: options.address ?? `10.0.${number >>> 8}.${number & 255}`, port: 7000 + number };
    this.keyring = keyringOf(options.keys ?? [1]);
    const fill = seededRandom(lab.seed * 65_537 + number);
    const random: RandomFill = buffer => {
      this.draws++;
      fill(buffer);
    };
    this.sessions = new SessionTable(random, options.limits);
    this.handshakes = new Handshakes({
      nodeId: this.id,
      keyring: this.keyring,
      sessions: this.sessions,
      random,
      wallClock: () => 1_700_000_000_000 + lab.now + (options.clockOffsetMs ?? 0),
      timeLockMs: options.timeLockMs ?? 60_000,
      payload: () => options.payload ?? new TextEncoder().encode(`node ${number}`),
      fallbackKeys: options.fallbackKeys ?? false,
    });
  }

  /** Sessions established so far, in order. */
  get established(): Session[] {
    return this.events.flatMap(event => (event.type === 'established' ? [event.session] : []));
  }

  get failures(): string[] {
    return this.events.flatMap(event => (event.type === 'failed' ? [event.reason] : []));
  }

  dial(to: LabNode | Endpoint, expectedId?: string) {
    return this.handshakes.dial(this.lab.now, to instanceof LabNode ? to.endpoint : to, expectedId);
  }

  receive(from: Endpoint, datagram: Uint8Array): HandshakeDrop | undefined | 'data' {
    const session = this.sessions.match(datagram);
    if (session !== undefined) {
      const plaintext = session.open(datagram, this.sessions.lastCounter, this.lab.now);
      if (plaintext !== undefined) {
        this.received.push(plaintext);
        return 'data';
      }
    }
    return this.handshakes.receive(this.lab.now, from, datagram);
  }

  /** Puts one data datagram on its way. */
  send(session: Session, to: Endpoint, text = ''): void {
    const plaintext = new TextEncoder().encode(text);
    const buffer = new Uint8Array(24 + plaintext.length);
    buffer.set(plaintext, 24);
    if (session.seal(buffer, plaintext.length, this.lab.now) > 0) this.lab.transmit(this.endpoint, to, buffer);
  }

  /** Takes all output. As an initiator it answers a GoTeam with an empty packet, as the engine does. */
  drain(): void {
    for (let t = this.handshakes.nextTransmit(); t !== undefined; t = this.handshakes.nextTransmit()) {
      this.lab.transmit(this.endpoint, t.to, t.datagram);
    }
    for (let event = this.handshakes.nextEvent(); event !== undefined; event = this.handshakes.nextEvent()) {
      this.events.push({ ...event, at: this.lab.now });
      if (event.type === 'established' && event.role === 'initiator') this.send(event.session, event.endpoint);
    }
    this.handshakes.check();
  }
}

/** Nodes on virtual time. Every datagram takes `latency`, unless `lose` says that it is lost. */
export class Lab {
  now = START;
  latency = 50;
  lose: (flight: Flight) => boolean = () => false;
  readonly nodes: LabNode[] = [];
  /** Everything that was sent, lost or not. */
  readonly sent: Flight[] = [];
  flights: Flight[] = [];
  private readonly byEndpoint = new Map<string, LabNode>();

  constructor(readonly seed = 1) {}

  node(options: LabNodeOptions = {}): LabNode {
    const node = new LabNode(this, this.nodes.length + 1, options);
    this.nodes.push(node);
    this.byEndpoint.set(formatEndpoint(node.endpoint), node);
    return node;
  }

  transmit(from: Endpoint, to: Endpoint, datagram: Uint8Array): void {
    const flight = { at: this.now + this.latency, from, to, datagram: datagram.slice() };
    this.sent.push({ ...flight, at: this.now });
    if (!this.lose(flight)) this.flights.push(flight);
  }

  /** Runs until there is nothing to do before `until`. */
  run(until: number): void {
    for (;;) {
      for (const node of this.nodes) node.drain();
      const next = this.nextTime();
      if (next > until) break;
      this.now = Math.max(this.now, next);
      const due = this.flights.filter(flight => flight.at <= this.now);
      this.flights = this.flights.filter(flight => flight.at > this.now);
      for (const flight of due) {
        const node = this.byEndpoint.get(formatEndpoint(flight.to));
        node?.receive(flight.from, flight.datagram);
        node?.drain();
      }
      for (const node of this.nodes) {
        if (node.handshakes.deadline() <= this.now) node.handshakes.timeout(this.now);
        if (node.sessions.deadline() <= this.now) node.sessions.timeout(this.now);
      }
    }
    this.now = until;
  }

  runFor(ms: number): void {
    this.run(this.now + ms);
  }

  private nextTime(): number {
    let next = Infinity;
    for (const flight of this.flights) next = Math.min(next, flight.at);
    for (const node of this.nodes) next = Math.min(next, node.handshakes.deadline(), node.sessions.deadline());
    return next;
  }
}
