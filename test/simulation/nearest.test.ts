import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../lib/engine/endpoint.js';
import { REVIEW_SAMPLES } from '../../lib/engine/overlay/feed-review.js';
import { feedLimit, LINKS_PER_FEED, RING_PLACES, subscriberLimit } from '../../lib/engine/peers/link-limits.js';
import { VirtualCluster, type VirtualHomie } from '../../lib/testing/virtual-cluster.js';
import { RegionWorld, REGIONS, watchFeeds } from './region-world.js';

const HOMIES = 120;
const SUBSCRIPTIONS = 5;
const MINUTE = 60_000;

const ownZones = (region: number) => `region-${region}`;
const oneZone = () => 'default';

/** How many homies have so many feeds (the last: or more) in their own region, the ring predecessor left out. */
function nearFeeds(world: RegionWorld): { none: number; one: number; more: number } {
  const counts = { none: 0, one: 0, more: 0 };
  for (const homie of world.cluster.homies) {
    const { near } = world.feedsOf(homie);
    counts[near === 0 ? 'none' : near === 1 ? 'one' : 'more']++;
  }
  return counts;
}

const mostLinks = (homies: readonly VirtualHomie[]) => Math.max(...homies.map(homie => homie.engine.links.length));

const sessionsPerHomie = (world: RegionWorld) =>
  world.cluster.homies.reduce((sum, homie) => sum + homie.engine.metrics().sessions!, 0) / HOMIES;

describe('120 homies in eight regions that are zones', () => {
  const world = new RegionWorld(HOMIES, ownZones);
  const { cluster } = world;

  it('have two feeds in their own region within seconds', () => {
    cluster.advance(5_000);
    expect(nearFeeds(world)).toEqual({ none: 0, one: 0, more: HOMIES });
  });

  it('have far feeds as well', () => {
    for (const homie of cluster.homies) {
      expect(homie.engine.feedCount).toBe(SUBSCRIPTIONS);
      expect(world.feedsOf(homie).far).toBeGreaterThanOrEqual(1);
    }
  });

  it('change no feed in five minutes, at 5 % jitter', () => {
    const changes = watchFeeds(cluster, 500);
    cluster.advance(5 * MINUTE);
    expect(changes()).toBe(0);
  });

  it('hear a broadcast of everybody over near and far links', () => {
    const heard = () => cluster.homies.reduce((sum, homie) => sum + homie.arrivals.length, 0);
    for (const homie of cluster.homies) homie.broadcast(Uint8Array.of(1));
    cluster.advance(2_000);
    expect(heard()).toBe(HOMIES * (HOMIES - 1));
  });

  it('replace a near feed whose member moves far away', () => {
    const homie = cluster.homies.find(each => world.feedsOf(each).near === 2)!;
    const isNear = ({ endpoint }: { endpoint: Endpoint }) =>
      world.regionAt(endpoint) === world.regionAt(homie.endpoint);
    const feed = homie.engine.links.find(link => link.isFeed && !link.isLocked && isNear(link))!;
    world.move(
      cluster.homies.find(({ id }) => id === feed.id)!,
      (world.regionAt(homie.endpoint) + 5) % REGIONS,
    );
    expect(world.feedsOf(homie).near).toBe(1);
    // Two windows until the round trips from before are forgotten, and one probe until that is looked at.
    cluster.advance(200_000);
    expect(world.feedsOf(homie).near).toBe(2);
  });

  it('never have more than four links for each feed wanted', () => {
    expect(mostLinks(cluster.homies)).toBeLessThanOrEqual(LINKS_PER_FEED * SUBSCRIPTIONS);
  });
});

describe('120 homies in eight regions, all told to be in one zone', () => {
  const world = new RegionWorld(HOMIES, oneZone);
  const { cluster } = world;

  it('begin with feeds anywhere', () => {
    cluster.advance(400);
    expect(nearFeeds(world).more).toBeLessThan(HOMIES / 4);
  });

  it('find near ones within three minutes', () => {
    cluster.advance(3 * MINUTE);
    const { none, more } = nearFeeds(world);
    console.log(`${more} of ${HOMIES} found two near feeds, ${none} found none`);
    expect(none).toBe(0);
    expect(more).toBeGreaterThanOrEqual(0.95 * HOMIES);
  });

  it('keep far feeds', () => {
    for (const homie of cluster.homies) expect(world.feedsOf(homie).far).toBeGreaterThanOrEqual(1);
  });

  it('hold few sessions while they explore', () => {
    const sessions = sessionsPerHomie(world);
    console.log(`${sessions.toFixed(1)} sessions a homie`);
    expect(sessions).toBeLessThan(3 * LINKS_PER_FEED * SUBSCRIPTIONS);
  });

  it('hardly change feeds once they found them', () => {
    const changes = watchFeeds(cluster, 500);
    cluster.advance(5 * MINUTE);
    console.log(`${changes()} changes of feeds in five minutes`);
    expect(changes()).toBeLessThanOrEqual(HOMIES / 20);
  });
});

describe('a homie that everybody is near to, while all others are far from each other', () => {
  let address = '';
  const cluster = new VirtualCluster({
    seed: 5,
    checkEvery: 1_000,
    conditions: (from, to) => ({ latencyMs: from.address === address || to.address === address ? 1 : 40, jitterMs: 1 }),
    engine: { strategy: 'nearest', heartbeat: { intervalMs: 5_000, missed: 3 } },
  });
  const homies = 80;
  for (let i = 0; i < homies; i++) cluster.add();
  cluster.introduceAll();
  const hub = cluster.homies[5]!;
  const { engine } = hub;
  address = hub.endpoint.address;

  it('has many subscribers, and no more links than four for each feed it wants', () => {
    let most = 0;
    for (let second = 0; second < 180; second++) {
      cluster.advance(1_000);
      most = Math.max(most, mostLinks(cluster.homies));
    }
    console.log(`${engine.links.length} links of the one, ${most} at most of all`);
    expect(engine.subscriberCount).toBeGreaterThanOrEqual(subscriberLimit(SUBSCRIPTIONS) - RING_PLACES);
    expect(most).toBeLessThanOrEqual(LINKS_PER_FEED * SUBSCRIPTIONS);
  });

  it('keeps its successor on the ring', () => {
    const { members } = engine;
    const successor = members.find(member => member.id > hub.id) ?? members[0]!;
    expect(engine.peer(successor.id)).toMatchObject({ isSubscriber: true, isRingSubscriber: true });
  });

  it('leaves all others with as many feeds as they want', () => {
    for (const homie of cluster.homies) {
      const feeds = homie.engine.feedCount;
      // Who is being refused at this moment has one less, for as long as the next one takes.
      expect(feeds).toBeGreaterThanOrEqual(SUBSCRIPTIONS - 1);
      expect(feeds).toBeLessThanOrEqual(feedLimit(SUBSCRIPTIONS));
    }
  });

  it('is asked now and then by those whom it refused, who change no other feed for that', () => {
    const changes = watchFeeds(cluster, 50);
    const otherChanges = watchFeeds(cluster, 50, hub);
    cluster.advance(5 * MINUTE);
    console.log(`asked ${changes() - otherChanges()} times in five minutes, and ${otherChanges()} others`);
    expect(changes() - otherChanges()).toBeLessThan(3 * homies);
    expect(otherChanges()).toBeLessThan(homies / 10);
  });
});

describe('a seed through which 120 homies join at once', () => {
  it('has no more links than four for each feed it wants, at any time, and they all find feeds', () => {
    const world = new RegionWorld(HOMIES, ownZones, {}, false);
    const { cluster } = world;
    let most = 0;
    for (let step = 0; step < 200; step++) {
      cluster.advance(100);
      most = Math.max(most, mostLinks(cluster.homies));
    }
    expect(most).toBeLessThanOrEqual(LINKS_PER_FEED * SUBSCRIPTIONS);
    expect(cluster.isJoined).toBe(true);
    expect(Math.min(...cluster.homies.map(homie => homie.engine.feedCount))).toBeGreaterThanOrEqual(SUBSCRIPTIONS - 1);
  });
});

describe('a far feed that is later than all others with every segment', () => {
  it('is replaced within minutes, by everyone who has chosen it', () => {
    const world = new RegionWorld(40, ownZones);
    const { cluster } = world;
    const slow = cluster.homies[3]!;
    world.slow = slow;
    cluster.advance(10_000);
    const choosers = () =>
      cluster.homies.filter(homie => {
        const link = homie.engine.peer(slow.id);
        return link?.isFeed && !link.isLocked && link.timeliness.samples >= REVIEW_SAMPLES;
      });
    const send = (messages: number) => {
      for (let i = 0; i < messages; i++) {
        cluster.homies[(7 * i) % cluster.homies.length]!.broadcast(Uint8Array.of(1));
        cluster.advance(750);
      }
    };
    send(150);
    expect(choosers().length).toBeGreaterThan(0);
    send(350);
    expect(choosers()).toEqual([]);
    for (const homie of cluster.homies) expect(homie.engine.feedCount).toBe(SUBSCRIPTIONS);
  });
});
