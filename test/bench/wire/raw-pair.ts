import { createSocket, type Socket } from 'node:dgram';
import sodium from 'sodium-native';
import { until } from '../processes.js';
import { LARGEST_DATAGRAM, type Received, type Sender } from './carrier.js';

/**
 * What may be under way, and what the kernel needs for a datagram besides its bytes: together less than a socket buffer
 * of 4 MiB holds. A pair without any such limit loses most of what it sends, and its rate says nothing.
 */
const WINDOW_BYTES = 3 * 1024 * 1024;
const DATAGRAM_OVERHEAD = 1_024;

/** The receiver tells how far it is after so many datagrams, and after each pause. */
const REPORT_DATAGRAMS = 16;
const REPORT_MS = 20;

const SOCKET_BUFFER_BYTES = 4 * 1024 * 1024;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
/** Nobody has to keep it secret: the pair is there to be measured. */
const KEY = new Uint8Array(32).fill(7);

async function bind(): Promise<Socket> {
  const socket = createSocket({ type: 'udp4', lookup: (host, _options, callback) => callback(null, host, 4) });
  // Bound before this returns, since nothing is looked up: only a callback that is there already hears of it.
  await new Promise<void>(resolve => socket.bind(0, '127.0.0.1', resolve));
  socket.setRecvBufferSize(SOCKET_BUFFER_BYTES);
  socket.setSendBufferSize(SOCKET_BUFFER_BYTES);
  return socket;
}

/** Sends each message as datagrams of its own, sealed or not. A lost datagram stays lost. */
export async function createRawSender(isSealed: boolean): Promise<Sender> {
  const socket = await bind();
  let to = 0;
  let sent = 0;
  let received = 0;
  let window = 1;
  let isOpen: (() => void) | undefined;
  socket.on('message', (datagram, from) => {
    to = from.port;
    const report = datagram.readUInt32LE();
    // The same again while the window is full: the rest was lost.
    if (report === received && sent - received >= window) sent = received;
    received = Math.max(received, report);
    if (sent - received >= window) return;
    isOpen?.();
    isOpen = undefined;
  });
  const nonce = new Uint8Array(NONCE_BYTES);
  const send = (part: Uint8Array) => {
    sent++;
    if (!isSealed) return socket.send(part, to, '127.0.0.1');
    const datagram = new Uint8Array(8 + TAG_BYTES + part.length);
    new DataView(datagram.buffer).setUint32(0, sent, true);
    nonce.set(datagram.subarray(0, 8));
    sodium.crypto_secretbox_easy(datagram.subarray(8), part, nonce, KEY);
    socket.send(datagram, to, '127.0.0.1');
  };
  return {
    port: socket.address().port,
    ready: () => until(() => to > 0, 10_000, 'the receiver of a raw pair'),
    send(payload) {
      window = Math.floor(WINDOW_BYTES / (DATAGRAM_OVERHEAD + Math.min(payload.length, LARGEST_DATAGRAM)));
      if (payload.length <= LARGEST_DATAGRAM) send(payload);
      else {
        for (let at = 0; at < payload.length; at += LARGEST_DATAGRAM) {
          send(payload.subarray(at, at + LARGEST_DATAGRAM));
        }
      }
      if (sent - received < window) return undefined;
      return new Promise(resolve => (isOpen = resolve));
    },
  };
}

export async function startRawReceiver(isSealed: boolean, port: number, onReceived: Received): Promise<void> {
  const socket = await bind();
  let received = 0;
  const nonce = new Uint8Array(NONCE_BYTES);
  const tell = () => {
    const report = Buffer.alloc(4);
    report.writeUInt32LE(received);
    socket.send(report, port, '127.0.0.1');
  };
  socket.on('message', datagram => {
    if (++received % REPORT_DATAGRAMS === 0) tell();
    if (!isSealed) return onReceived(datagram.length);
    nonce.set(datagram.subarray(0, 8));
    const plaintext = datagram.subarray(8 + TAG_BYTES);
    if (sodium.crypto_secretbox_open_easy(plaintext, datagram.subarray(8), nonce, KEY)) onReceived(plaintext.length);
  });
  setInterval(tell, REPORT_MS);
}
