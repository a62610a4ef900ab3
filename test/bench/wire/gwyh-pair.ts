import { GwyhNode, GwyhQueueFullError } from '../../../lib/index.js';
import { pause, until } from '../processes.js';
import type { Received, Sender } from './carrier.js';

const OPTIONS = { zone: 'bench', bind: '127.0.0.1:0', maxMessageBytes: 2 * 1024 * 1024 };

/** A full queue is tried again after this long, ms. */
const RETRY_MS = 1;

export async function createGwyhSender(): Promise<Sender> {
  const node = new GwyhNode({ ...OPTIONS, peers: [] });
  await node.start();
  const send = async (payload: Uint8Array): Promise<void> => {
    for (;;) {
      try {
        return await node.broadcast(payload);
      } catch (error) {
        if (!(error instanceof GwyhQueueFullError)) throw error;
        await pause(RETRY_MS);
      }
    }
  };
  return {
    port: node.address.port,
    ready: () => until(() => node.subscriberCount > 0, 10_000, 'the receiver to subscribe'),
    send,
  };
}

export async function startGwyhReceiver(port: number, onReceived: Received): Promise<void> {
  const node = new GwyhNode({ ...OPTIONS, peers: [`127.0.0.1:${port}`] });
  node.onBroadcast(payload => onReceived(payload.length));
  await node.start();
  await node.ready();
}
