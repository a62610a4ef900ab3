/** Plain UDP at an end of the bottleneck, in a process of its own: what the bed carries, and how long it takes. */
import { createSocket } from 'node:dgram';
import { monotonicMs, pause } from '../../processes/clock.js';
import { serve } from '../../processes/commands.js';
import type { Sample } from './gossip-end.js';

const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
/** A datagram of a probe: its time of sending and little else. */
const PROBE_BYTES = 32;

const arrivals: Sample[] = [];
const delays: Sample[] = [];
const socket = createSocket('udp4');

const commands = {
  /** Counts what arrives: bytes of payload, or for probes the time under way in ms. */
  listen(address: string): Promise<number> {
    socket.on('message', datagram => {
      const now = monotonicMs();
      if (datagram.length === PROBE_BYTES) delays.push({ atMs: now, value: now - datagram.readDoubleLE(0) });
      else arrivals.push({ atMs: now, value: datagram.length });
    });
    return new Promise(resolve =>
      socket.bind(0, address, () => {
        socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
        resolve(socket.address().port);
      }),
    );
  },

  /** Sends datagrams at a steady rate. */
  async flood(address: string, port: number, bytes: number, rateMbits: number, forMs: number): Promise<void> {
    const datagram = Buffer.alloc(bytes);
    const begunMs = monotonicMs();
    for (let sent = 0; ;) {
      const elapsedMs = monotonicMs() - begunMs;
      if (elapsedMs >= forMs) return;
      for (const due = (elapsedMs * rateMbits * 125) / bytes; sent < due; sent++) {
        socket.send(datagram, port, address, () => undefined);
      }
      await pause(1);
    }
  },

  /** Sends a tiny datagram every so often; returns how many. */
  async probe(address: string, port: number, everyMs: number, forMs: number): Promise<number> {
    const until = monotonicMs() + forMs;
    let sent = 0;
    for (; monotonicMs() < until; sent++) {
      const datagram = Buffer.alloc(PROBE_BYTES);
      datagram.writeDoubleLE(monotonicMs());
      socket.send(datagram, port, address, () => undefined);
      await pause(everyMs);
    }
    return sent;
  },

  report: () => ({ arrivals, delays }),
};
export type UdpEnd = typeof commands;

serve(commands);
