import { beforeEach, describe, expect, it } from 'vitest';
import { Keyring } from '../../../../lib/engine/crypto/keyring.js';
import type { Session } from '../../../../lib/engine/crypto/session.js';
import { sameEndpoint, type Endpoint } from '../../../../lib/engine/endpoint.js';
import { Introductions } from '../../../../lib/engine/peers/introductions.js';
import type { HelloPayload } from '../../../../lib/engine/wire/hello-payload.js';
import { SeededRandom } from '../../../../lib/testing/seeded-random.js';
import { EngineLab, endpointOf, idOf } from '../engine-lab.js';

const OTHER_KEYRING = Keyring.derive('lab', [new Uint8Array(32).fill(8)]);

/** One side: its introductions, and what came of them. */
class Side {
  readonly lab: EngineLab;
  readonly introductions: Introductions;
  readonly endpoint: Endpoint;
  readonly met: { session: Session; endpoint: Endpoint; hello: HelloPayload }[] = [];
  readonly failed: string[] = [];
  readonly ourselves: Endpoint[] = [];
  readonly members: Endpoint[] = [];
  hello: HelloPayload;

  constructor(number: number, keyring?: Keyring) {
    const random = new SeededRandom(number).fill;
    this.endpoint = endpointOf(number);
    this.hello = { zone: `zone-${number}`, incarnation: number, advertised: undefined };
    this.lab = new EngineLab({ id: idOf(number), random, ...(keyring === undefined ? {} : { keyring }) });
    // Read again for each handshake.
    const hello = () => this.hello;
    this.introductions = new Introductions(this.lab.context, this.lab.sessions, {
      get hello() {
        return hello();
      },
      introduced: (session, endpoint, said) => this.met.push({ session, endpoint, hello: said }),
      isMember: endpoint => this.members.some(member => sameEndpoint(member, endpoint)),
      metOurself: endpoint => this.ourselves.push(endpoint),
      dialFailed: expected => this.failed.push(expected),
    });
  }

  get drops() {
    return this.lab.context.counters.drops;
  }

  get events(): string[] {
    const events: string[] = [];
    for (let event = this.lab.context.events.shift(); event !== undefined; event = this.lab.context.events.shift()) {
      events.push(event.type);
    }
    return events;
  }
}

/** Carries datagrams from one to the other, until neither has anything to say. */
function exchange(a: Side, b: Side, now = 0): void {
  for (let isQuiet = false; !isQuiet;) {
    isQuiet = true;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const { handshakes } = from.introductions;
      for (let out = handshakes.nextTransmit(); out !== undefined; out = handshakes.nextTransmit()) {
        isQuiet = false;
        to.introductions.receive(from.endpoint, out.datagram, now);
      }
    }
  }
}

let a: Side;
let b: Side;

beforeEach(() => {
  a = new Side(1);
  b = new Side(2);
});

describe('two who have met', () => {
  beforeEach(() => {
    a.introductions.handshakes.dial(0, b.endpoint);
    exchange(a, b);
  });

  it('know of each other what each said of itself, the one who dialled at once', () => {
    expect(a.met).toMatchObject([{ endpoint: b.endpoint, hello: b.hello, session: { remoteId: idOf(2) } }]);
  });

  it('know it on the other side once the first packet has proved that it is no replay', () => {
    expect([b.met.length, b.introductions.pending]).toEqual([0, 1]);
    const session = b.lab.sessions.match(sealedBy(a))!;
    b.introductions.confirm(session, 0);
    expect(b.met).toMatchObject([{ endpoint: a.endpoint, hello: a.hello, session: { remoteId: idOf(1) } }]);
    expect(b.introductions.pending).toBe(0);
    b.introductions.check();
  });

  it('are introduced once, however many packets follow', () => {
    const session = b.lab.sessions.match(sealedBy(a))!;
    b.introductions.confirm(session, 0);
    b.introductions.confirm(session, 0);
    expect(b.met.length).toBe(1);
  });

  it('forget the handshake when the first packet never comes', () => {
    b.introductions.timeout(b.introductions.deadline());
    expect([b.introductions.pending, b.lab.sessions.size]).toEqual([0, 0]);
  });

  it('forget it when its key is removed meanwhile', () => {
    b.introductions.setKeyring(0, OTHER_KEYRING);
    expect([b.introductions.pending, b.lab.sessions.size]).toEqual([0, 0]);
    b.introductions.check();
  });

  it('hold nothing any more once all keys are wiped', () => {
    a.introductions.wipe();
    b.introductions.wipe();
    expect(a.met[0]!.session.isClosed).toBe(true);
    expect([a.lab.sessions.size, b.lab.sessions.size, b.introductions.pending]).toEqual([0, 0, 0]);
  });
});

/** A packet of the session that the side has. */
function sealedBy(side: Side): Uint8Array {
  const datagram = new Uint8Array(24 + 1);
  side.met[0]!.session.seal(datagram, 1, 0);
  return datagram;
}

describe('a stranger', () => {
  it('who says of itself what nobody understands is counted, and its session ends', () => {
    b.hello = { ...b.hello, incarnation: Number.MAX_SAFE_INTEGER };
    a.introductions.handshakes.dial(0, b.endpoint);
    exchange(a, b);
    expect(a.met).toEqual([]);
    expect([a.drops.malformed, a.lab.sessions.size]).toEqual([1, 0]);
  });

  it('who sends less than a datagram of ours is counted', () => {
    a.introductions.receive(b.endpoint, new Uint8Array(23), 0);
    expect(a.drops).toMatchObject({ short: 1, unreadable: 0 });
  });

  it('who sends noise is counted', () => {
    a.introductions.receive(b.endpoint, new Uint8Array(300).fill(7), 0);
    expect(a.drops.unreadable).toBe(1);
  });

  it('with another key is told of, once in ten seconds, and not answered', () => {
    for (const now of [0, 5_000, 16_000]) {
      const stranger = new Side(3, OTHER_KEYRING);
      stranger.introductions.handshakes.dial(now, a.endpoint);
      exchange(stranger, a, now);
      expect(stranger.lab.context.counters.drops.unreadable).toBe(0);
    }
    expect(a.events).toEqual(['no_key_fits', 'no_key_fits']);
  });

  it('at the address of a member is not told of: its session may just be over', () => {
    const stranger = new Side(3, OTHER_KEYRING);
    a.members.push(stranger.endpoint);
    stranger.introductions.handshakes.dial(0, a.endpoint);
    exchange(stranger, a);
    expect(a.events).toEqual([]);
  });
});

/** Lets time pass until nobody is dialled any more. */
function giveUp(side: Side): void {
  while (side.introductions.handshakes.pendingCount > 0) {
    side.introductions.timeout(side.introductions.deadline());
    while (side.introductions.handshakes.nextTransmit() !== undefined);
  }
}

describe('a dial', () => {
  it('that nobody answers fails for the one who was expected there', () => {
    a.introductions.handshakes.dial(0, b.endpoint, idOf(2));
    giveUp(a);
    expect(a.failed).toEqual([idOf(2)]);
  });

  it('to ourselves is noticed', () => {
    a.introductions.handshakes.dial(0, a.endpoint);
    exchange(a, a);
    giveUp(a);
    expect(a.ourselves).toEqual([a.endpoint]);
    expect(a.met).toEqual([]);
  });
});
