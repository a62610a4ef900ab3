import { describe, expect, it } from 'vitest';
import type { Handshakes } from '../../../lib/engine/crypto/handshakes.js';
import { Packer } from '../../../lib/engine/peers/packer.js';
import { Priority } from '../../../lib/engine/peers/outbox.js';
import { Strays } from '../../../lib/engine/peers/strays.js';
import { Transmits } from '../../../lib/engine/transmits.js';
import { EngineLab } from './engine-lab.js';
import { pack } from './insider.js';

const ELSEWHERE = { address: '10.9.9.9', port: 9 };

function transmitsOf(lab: EngineLab): Transmits {
  const packer = new Packer(lab.context);
  const handshakes = { nextTransmit: () => undefined } as unknown as Handshakes;
  return new Transmits(lab.context, lab.peers, packer, new Strays(lab.context, packer), handshakes);
}

describe('the memory of datagrams that have left', () => {
  it('is used again', () => {
    const lab = new EngineLab();
    const transmits = transmitsOf(lab);
    const peer = lab.meet(1);
    const places = [1, 2].map(() => {
      lab.peers.send(peer, Priority.event, pack([99]));
      const { datagram } = transmits.next(0)!;
      transmits.reuse();
      return datagram.byteOffset;
    });
    expect(places[1]).toBe(places[0]);
  });

  it('is not used again while a datagram to another address waits in it', () => {
    const lab = new EngineLab();
    const transmits = transmitsOf(lab);
    const peer = lab.meet(1);
    transmits.strays.push(peer, ELSEWHERE, pack([99]), 0);
    transmits.reuse();
    lab.peers.send(peer, Priority.event, pack([99]));
    const [stray, other] = [transmits.next(0)!, transmits.next(0)!];
    expect(stray.to).toEqual(ELSEWHERE);
    expect(other.datagram.byteOffset).toBe(stray.datagram.byteOffset + stray.datagram.length);
  });
});
