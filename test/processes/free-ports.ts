import { createSocket, type Socket } from 'node:dgram';

/** Below those that systems give to sockets that name none: nobody else is given one of them in the meantime. */
const FIRST = 10_000;
const COUNT = 20_000;
/** Tries for each port before it is given up. */
const TRIES = 50;

/** UDP ports of the loopback address that are free at the moment, chosen at random. */
export async function freePorts(count: number): Promise<number[]> {
  const sockets: Socket[] = [];
  try {
    for (let tries = count * TRIES; sockets.length < count && tries > 0; tries--) {
      const socket = await bound(FIRST + Math.floor(Math.random() * COUNT));
      if (socket !== undefined) sockets.push(socket);
    }
    if (sockets.length < count) throw new Error(`${count} free UDP ports from ${FIRST} on cannot be found`);
    return sockets.map(socket => socket.address().port);
  } finally {
    await Promise.all(sockets.map(socket => new Promise<void>(resolve => socket.close(() => resolve()))));
  }
}

function bound(port: number): Promise<Socket | undefined> {
  const socket = createSocket('udp4');
  return new Promise(resolve => {
    socket.once('error', () => {
      socket.close();
      resolve(undefined);
    });
    socket.bind({ port, address: '127.0.0.1', exclusive: true }, () => resolve(socket));
  });
}
