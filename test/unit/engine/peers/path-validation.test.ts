import { beforeEach, describe, expect, it } from 'vitest';
import type { Endpoint } from '../../../../lib/engine/endpoint.js';
import {
  acceptResponse,
  answerChallenge,
  CHALLENGE_MS,
  challengePath,
} from '../../../../lib/engine/peers/path-validation.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { EngineLab, endpointOf, frameReader } from '../engine-lab.js';
import { decode } from '@msgpack/msgpack';

const OLD = endpointOf(1);
const NEW = { address: '192.0.2.9', port: 40_000 };

let lab: EngineLab;
let peer: Peer;

beforeEach(() => {
  lab = new EngineLab();
  peer = lab.meet(1, { endpoint: OLD });
});

/** The token that was sent to the address, or undefined when nothing was. */
function challenge(from: Endpoint, now = 0): Uint8Array | undefined {
  const frame = challengePath(peer, from, lab.context, now);
  if (frame === undefined) return undefined;
  const [type, token] = decode(frame) as [number, Uint8Array];
  expect(type).toBe(Frame.pathChallenge);
  return token;
}

const respond = (from: Endpoint, token: unknown) =>
  acceptResponse(peer, from, frameReader([Frame.pathResponse, token]).reader);

describe('a peer that is heard from a new address', () => {
  it('is moved there once the address has brought back its token', () => {
    const token = challenge(NEW);
    expect(peer.endpoint).toEqual(OLD);
    expect(respond(NEW, token)).toBe(true);
    expect(peer.endpoint).toEqual(NEW);
  });

  it('is not moved by another token', () => {
    challenge(NEW);
    expect(respond(NEW, new Uint8Array(8))).toBe(false);
    expect(peer.endpoint).toEqual(OLD);
  });

  it('is not moved when the token comes from elsewhere', () => {
    const token = challenge(NEW);
    expect(respond({ ...NEW, port: 1 }, token)).toBe(false);
    expect(peer.endpoint).toEqual(OLD);
  });

  it('is not moved by a response that nobody asked for, nor by the same one twice', () => {
    expect(respond(NEW, new Uint8Array(8))).toBe(false);
    const token = challenge(NEW);
    respond(NEW, token);
    expect(respond(NEW, token)).toBe(false);
  });

  it('is not asked again while a challenge is under way, wherever it is heard from', () => {
    challenge(NEW, 0);
    expect(challenge(NEW, CHALLENGE_MS - 1)).toBeUndefined();
    expect(challenge({ ...NEW, port: 2 }, CHALLENGE_MS - 1)).toBeUndefined();
  });

  it('is asked again after a while, with the same token, so that an answer may take longer than that', () => {
    const first = challenge(NEW, 0);
    expect(challenge(NEW, CHALLENGE_MS)).toEqual(first);
    expect(respond(NEW, first)).toBe(true);
  });

  it('at yet another address is asked with another token, and the first one counts no more', () => {
    const first = challenge(NEW, 0);
    const elsewhere = { ...NEW, port: 2 };
    const second = challenge(elsewhere, CHALLENGE_MS);
    expect(second).not.toEqual(first);
    expect(respond(NEW, first)).toBe(false);
    expect(respond(elsewhere, second)).toBe(true);
  });
});

describe('the answer to a challenge', () => {
  it('brings back the token', () => {
    const token = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
    const answer = answerChallenge(frameReader([Frame.pathChallenge, token]).reader, lab.context.writer);
    expect(decode(answer!)).toEqual([Frame.pathResponse, token]);
  });

  it.each([
    ['text', 'a token'],
    ['too short', new Uint8Array(7)],
    ['too long', new Uint8Array(9)],
  ])('is none for a token that is %s', (_, token) => {
    const { reader } = frameReader([Frame.pathChallenge, token]);
    expect(answerChallenge(reader, lab.context.writer)).toBeUndefined();
    expect(reader.failed).toBe(true);
  });

  it('is not accepted as a response with a token of another length', () => {
    challenge(NEW);
    expect(respond(NEW, new Uint8Array(9))).toBe(false);
  });
});
