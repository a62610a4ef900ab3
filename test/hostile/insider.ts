import { Handshakes } from '../../lib/engine/crypto/handshakes.js';
import { Keyring } from '../../lib/engine/crypto/keyring.js';
import { DATA_OVERHEAD, type Session } from '../../lib/engine/crypto/session.js';
import { SessionTable } from '../../lib/engine/crypto/session-table.js';
import type { Endpoint } from '../../lib/engine/endpoint.js';
import { randomNodeId } from '../../lib/engine/node-id.js';
import { encodeHelloPayload } from '../../lib/engine/wire/hello-payload.js';
import { SeededRandom } from '../../lib/testing/seeded-random.js';
import type { VirtualNetwork } from '../../lib/testing/virtual-network.js';

/** A member that knows the key and keeps to the handshake, and then sends whatever it likes. */
export class Insider {
  readonly endpoint: Endpoint;
  readonly id: string;
  session: Session | undefined;
  private readonly handshakes: Handshakes;
  private readonly buffer = new Uint8Array(70_000);

  constructor(
    private readonly network: VirtualNetwork,
    private readonly victim: Endpoint,
    keyring: Keyring,
    seed: number,
  ) {
    const random = new SeededRandom(seed).fill;
    this.endpoint = { address: network.newAddress(), port: 6969 };
    this.id = randomNodeId(random);
    const sessions = new SessionTable(random);
    sessions.setKeyring(keyring);
    this.handshakes = new Handshakes({
      nodeId: this.id,
      keyring,
      sessions,
      random,
      wallClock: () => network.wallClock(),
      timeLockMs: 60_000,
      payload: () => encodeHelloPayload({ zone: 'insider', incarnation: network.wallClock(), advertised: undefined }),
    });
    network.listen(this.endpoint, (from, datagram) => {
      if (this.session === undefined) this.handshakes.receive(network.now(), from, datagram);
      this.drain();
    });
  }

  /** Does the handshake and sends one empty packet, so that the victim takes it for a peer. */
  introduce(): void {
    this.handshakes.dial(this.network.now(), this.victim);
    this.drain();
    this.network.advance(100);
    if (this.session === undefined) throw new Error('the victim does not take part');
    this.send(new Uint8Array(0));
    this.network.advance(100);
  }

  /** Seals any plaintext and sends it. */
  send(plaintext: Uint8Array): void {
    this.buffer.set(plaintext, DATA_OVERHEAD);
    const length = this.session!.seal(this.buffer, plaintext.length, this.network.now());
    this.network.send(this.endpoint, this.victim, this.buffer.slice(0, length));
  }

  private drain(): void {
    for (let out = this.handshakes.nextTransmit(); out !== undefined; out = this.handshakes.nextTransmit()) {
      this.network.send(this.endpoint, out.to, out.datagram);
    }
    for (let event = this.handshakes.nextEvent(); event !== undefined; event = this.handshakes.nextEvent()) {
      if (event.type === 'established') this.session = event.session;
    }
  }
}
