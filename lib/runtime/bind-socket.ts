import type { DatagramListener, DatagramSocket } from './datagram-network.js';
import { GwyhBindError } from './errors.js';
import { formatHostPort } from './host-port.js';
import type { NodeSettings } from './node-settings.js';

/** Binds as the settings say; on any free port if nobody asked for the one that is taken. */
export async function bindSocket(settings: NodeSettings, listener: DatagramListener): Promise<DatagramSocket> {
  const { bind, isBindFlexible, network } = settings;
  try {
    const [address] = await network.resolve(bind.host);
    const local = { address: address!, port: bind.port };
    return await network.bind(local, listener).catch((error: unknown) => {
      if (!isBindFlexible || codeOf(error) !== 'EADDRINUSE') throw error;
      return network.bind({ ...local, port: 0 }, listener);
    });
  } catch (error) {
    throw new GwyhBindError(formatHostPort(bind), codeOf(error), error);
  }
}

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}
