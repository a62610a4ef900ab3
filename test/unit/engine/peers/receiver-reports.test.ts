import { beforeEach, describe, expect, it } from 'vitest';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { ASKER_MS, ReceiverReports, REPORT_REQUEST } from '../../../../lib/engine/peers/receiver-reports.js';
import { OVERLOAD_MS } from '../../../../lib/engine/peers/overload.js';
import { Priority } from '../../../../lib/engine/peers/outbox.js';
import { Frame } from '../../../../lib/engine/wire/frame.js';
import { EngineLab, frameReader, framesTo } from '../engine-lab.js';
import { pack } from '../insider.js';

const BUFFER = 400_000;

let lab: EngineLab;

let reports: ReceiverReports;
let peer: Peer;

beforeEach(() => {
  lab = new EngineLab({ receiveBufferBytes: BUFFER });

  reports = new ReceiverReports(lab.context, lab.peers);
  peer = lab.meet(1);
});

describe('a request for a report', () => {
  it('is a frame of one element', () => {
    expect(REPORT_REQUEST).toEqual(pack([Frame.reportRequest]));
  });

  it('is answered at once with what arrived, and when', () => {
    peer.current.receivedCount = 40;
    reports.onRequest(peer, peer.current, 41, 123.456);
    expect(framesTo(peer)).toEqual([[Frame.report, peer.current.index, 41, 40, 123_456, BUFFER]]);
  });

  it('is answered for the session in which it came', () => {
    const session = lab.session(peer.id);
    reports.onRequest(peer, session, 0, 0);
    expect(framesTo(peer)[0]![1]).toBe(session.index);
  });
});

const windowOf = (asker: Peer, now: number) => {
  reports.onRequest(asker, asker.current, 0, now);
  return framesTo(asker)[0]![5];
};

describe('the window', () => {
  it('is shared by all that ask', () => {
    const peers = [2, 3, 4].map(number => lab.meet(number));
    expect([peer, ...peers].map(each => windowOf(each, 0))).toEqual([BUFFER, BUFFER / 2, 133_333, BUFFER / 4]);
  });

  it('is that of one alone again when the others ask no more', () => {
    windowOf(lab.meet(2), 0);
    expect(windowOf(peer, 1)).toBe(BUFFER / 2);
    expect(windowOf(peer, ASKER_MS + 1)).toBe(BUFFER);
  });
});

describe('the window of a node that is behind', () => {
  it('is smaller, so that those who send slow down', () => {
    lab.context.overload.waited(2 * OVERLOAD_MS, 1_000);
    expect(windowOf(peer, 1_000)).toBe(BUFFER / 2);
    expect(windowOf(lab.meet(2), 1_000)).toBe(BUFFER / 4);
    expect(windowOf(peer, 60_000)).toBe(BUFFER);
  });
});

describe('a report', () => {
  it('lets go on what waited for it', () => {
    for (let i = 0; i < 100; i++) {
      peer.flow.sent(peer.current.remoteIndex, i, 1_200, true, 0);
      lab.peers.send(peer, Priority.bulk, pack([99]));
    }
    while (lab.peers.nextInLine() !== undefined);
    const { reader } = frameReader([Frame.report, peer.current.remoteIndex, 99, 100, 20_000, BUFFER]);
    reports.onReport(peer, reader, 40);
    expect(peer.flow.underWay).toBe(0);
    expect(lab.peers.nextInLine()).toBe(peer);
  });

  it('of anything but numbers is malformed', () => {
    const { reader } = frameReader([Frame.report, 1, 2, 'three', 4, 5]);
    reports.onReport(peer, reader, 0);
    expect(reader.failed).toBe(true);
  });
});
