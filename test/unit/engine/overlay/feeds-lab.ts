import type { EngineOptions } from '../../../../lib/engine/engine-options.js';
import { MemberTable } from '../../../../lib/engine/membership/member-table.js';
import { Feeds } from '../../../../lib/engine/overlay/feeds.js';
import type { Peer } from '../../../../lib/engine/peers/peer.js';
import { EngineLab, endpointOf, idOf } from '../engine-lab.js';

/** The feeds of one node, whose id is 0x80, without handshakes and heartbeats. */
export class FeedsLab extends EngineLab {
  readonly table = new MemberTable();
  readonly feeds: Feeds;
  /** Ids that were dialled. */
  readonly dialled: string[] = [];
  /** Members that were found silent: since when, and when. */
  readonly silences: { id: string; since: number; now: number }[] = [];
  /** Peers that were told of a role. */
  readonly told: Peer[] = [];
  /** Peers of which the engine heard that a role changed. */
  readonly changed: Peer[] = [];

  constructor(options: Partial<EngineOptions>) {
    super(options);
    this.feeds = new Feeds(this.context, this.peers, this.table, {
      dial: (_to, _now, expected) => {
        this.dialled.push(expected);
        return 'started';
      },
      silent: (member, since, now) => this.silences.push({ id: member.id, since, now }),
      tell: peer => this.told.push(peer),
      linkChanged: peer => {
        this.changed.push(peer);
        this.peers.refreshLink(peer);
      },
    });
  }

  /** Members with these numbers are known, from now on. */
  know(now: number, ...numbers: number[]): void {
    for (const number of numbers) {
      const record = { incarnation: 1, state: 'up', endpoint: endpointOf(number), zone: 'here' } as const;
      this.table.merge({ id: idOf(number), ...record }, now);
    }
    this.feeds.membersChanged(now);
  }

  /** Time passes, and all that were asked until then agree. */
  settle(until: number): void {
    this.advanceTo(until);
    for (const link of this.peers.links) if (link.isFeed) link.isFeedActive = true;
    this.feeds.peersChanged(until);
    this.advanceTo(until);
  }

  /** Numbers of the feeds, agreed or not. */
  feedNumbers(): number[] {
    const feeds = this.peers.links.filter(link => link.isFeed);
    return feeds.map(({ id }) => Number.parseInt(id.slice(0, 8), 16)).toSorted((a, b) => a - b);
  }
}
