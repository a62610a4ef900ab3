/** A relay on the router, in a process of its own: passes datagrams on both ways, after a while, and loses some at random. */
import { createSocket, type Socket } from 'node:dgram';
import { monotonicMs } from '../../processes/clock.js';
import { serve } from '../../processes/commands.js';

/** The buffer of the bottleneck has to fit in, or datagrams would wait here in place of being dropped there. */
const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** How often it looks for datagrams whose time has come, ms. */
const TICK_MS = 1;

export interface RelayOptions {
  /** Where senders find it. */
  readonly listen: string;
  /** What the receiver takes for the address of the senders. */
  readonly from: string;
  readonly to: { readonly address: string; readonly port: number };
  /** Share of the datagrams that it loses, either way. */
  readonly loss: number;
  /** Time that each takes either way, ms. */
  readonly delayMs: number;
  readonly seed: number;
}

const commands = {
  /** Returns the port for senders. */
  async start({ listen, from, to, loss, delayMs, seed }: RelayOptions): Promise<number> {
    const random = randomFrom(seed);
    const waiting: { dueMs: number; send: () => void }[] = [];
    const pass = (send: () => void) => {
      if (random() < loss) return;
      if (delayMs === 0) send();
      else waiting.push({ dueMs: monotonicMs() + delayMs, send });
    };
    if (delayMs > 0) {
      setInterval(() => {
        const now = monotonicMs();
        let due = 0;
        while (due < waiting.length && waiting[due]!.dueMs <= now) waiting[due++]!.send();
        waiting.splice(0, due);
      }, TICK_MS);
    }

    const outer = await bound(listen);
    /** For each sender a socket of its own towards the receiver, by which the answers find back. */
    const inner = new Map<string, Promise<Socket>>();
    outer.on('message', (datagram, sender) => {
      const name = `${sender.address}:${sender.port}`;
      let socket = inner.get(name);
      if (socket === undefined) {
        socket = bound(from);
        inner.set(name, socket);
        void socket.then(answers =>
          answers.on('message', answer => pass(() => outer.send(answer, sender.port, sender.address, ignore))),
        );
      }
      void socket.then(towards => pass(() => towards.send(datagram, to.port, to.address, ignore)));
    });
    return outer.address().port;
  },
};
export type Relay = typeof commands;

function bound(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, () => {
      socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
      socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
      resolve(socket);
    });
  });
}

function ignore(): void {}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

serve(commands);
