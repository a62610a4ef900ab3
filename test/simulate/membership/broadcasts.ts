import { DeliveryLog, type Message } from '../delivery-log.js';
import { OverlayHistory, reachableFrom } from '../overlay-history.js';
import { percentilesOf, type Percentiles, roundedPercentiles } from '../percentiles.js';
import type { Life } from './lives.js';
import type { Stage } from './stage.js';

const PAYLOAD_BYTES = 200;

/** How long is waited for broadcasts after the last one, ms: longer than a node asks for a segment before it gives it up. */
const TAIL_MS = 30_000;

/** Lost ones that are told of one by one; the others are only counted. */
const MOST_EXAMPLES = 20;

/** One broadcast that one node should have got and has not. */
export interface LostBroadcast {
  readonly sentAt: number;
  /** Numbers of the nodes. */
  readonly origin: number;
  readonly node: number;
  /** How long each of the two had been ready, ms; null when it was not. */
  readonly originReadyForMs: number | null;
  readonly nodeReadyForMs: number | null;
  /** How long the origin lived on, ms; null when it ran to the end. */
  readonly originLivedOnMs: number | null;
  /** How many others got it. */
  readonly deliveries: number;
  /** Whether a path of links led from the origin to the node when it was sent. */
  readonly hadPath: boolean;
}

export interface BroadcastReport {
  readonly sent: number;
  /** Broadcasts that could not be sent: no node was ready, or the origin had no room. */
  readonly refused: number;
  /** Pairs of a broadcast and a node that was there all the while. */
  readonly expected: number;
  readonly lost: number;
  /** Of these: no path of links led to the node when it was sent. */
  readonly lostWithoutPath: number;
  readonly duplicates: number;
  readonly latencyMs: Percentiles;
  readonly examples: readonly LostBroadcast[];
  readonly failures: readonly string[];
}

/** Broadcasts, and whether they reached those that they had to reach. */
export class Broadcasts {
  private readonly log: DeliveryLog;
  private readonly messages: (Omit<Message, 'origin'> & { origin: number })[];
  private sent = 0;
  private unready = 0;
  /** By number of message: the nodes that its origin reached over links when it was sent. */
  private readonly reached: Uint8Array[] = [];

  /** @param mostLives how many lives there will be. */
  constructor(
    private readonly stage: Stage,
    most: number,
    mostLives: number,
  ) {
    this.messages = Array.from({ length: most }, (_, number) => ({
      number,
      origin: -1,
      payloadBytes: PAYLOAD_BYTES,
      isMeasured: true,
      sentAt: Infinity,
      frames: [],
    }));
    this.log = new DeliveryLog(this.messages, mostLives);
    stage.simulated.log = this.log;
  }

  /** From a random node that is ready. */
  send(): void {
    const { stage, messages } = this;
    const message = messages[this.sent];
    if (message === undefined) return;
    const origins = stage.running().filter(life => stage.homie(life.node).engine.isReady);
    if (origins.length === 0) {
      this.unready++;
      return;
    }
    const origin = origins[stage.random.below(origins.length)]!;
    this.sent++;
    message.origin = origin.number;
    this.reached.push(reachableFrom(new OverlayHistory(stage.simulated.cluster).snapshot(stage.now), origin.node));
    stage.simulated.send(message);
  }

  /**
   * Waits for those under way, and judges.
   * @param isThere whether a life was there all the time that a message of this time may need.
   */
  finish(isThere: (life: Life, sentAt: number) => boolean = ({ endedAt }) => endedAt === Infinity): BroadcastReport {
    const { stage, log } = this;
    const messages = this.messages.slice(0, this.sent);
    const sent = messages.filter(({ sentAt }) => sentAt !== Infinity);
    const expected = sent.flatMap(message =>
      stage.lives
        .filter(life => life.number !== message.origin && isThere(life, message.sentAt))
        .map(life => ({ message, life })),
    );
    const isComplete = () => expected.every(({ message, life }) => log.has(message, life.number));
    const latest = stage.now + TAIL_MS;
    while (stage.now < latest && !isComplete()) stage.advance(1_000);
    const lost = expected.filter(({ message, life }) => !log.has(message, life.number));
    const latencies = expected
      .map(({ message, life }) => log.latency(message, life.number))
      .filter(ms => !Number.isNaN(ms));
    const refused = this.unready + messages.length - sent.length;
    const failures = [];
    if (refused > 0) failures.push(`${refused} broadcasts could not be sent`);
    if (lost.length > 0) failures.push(`${lost.length} broadcasts did not reach a node that was there`);
    if (log.duplicates > 0) failures.push(`${log.duplicates} broadcasts reached a node twice`);
    return {
      sent: sent.length,
      refused,
      expected: expected.length,
      lost: lost.length,
      lostWithoutPath: lost.filter(({ message, life }) => !this.hadPath(message, life)).length,
      duplicates: log.duplicates,
      latencyMs: roundedPercentiles(percentilesOf(Float64Array.from(latencies))),
      examples: lost.slice(0, MOST_EXAMPLES).map(({ message, life }) => this.explain(message, life)),
      failures,
    };
  }

  private hadPath(message: Message, life: Life): boolean {
    return this.reached[message.number]![life.node] === 1;
  }

  private explain(message: Message, life: Life): LostBroadcast {
    const { sentAt } = message;
    const origin = this.stage.lives[message.origin]!;
    const readyForMs = ({ readyAt }: Life) => (readyAt <= sentAt ? Math.round(sentAt - readyAt) : null);
    return {
      sentAt: Math.round(sentAt),
      origin: origin.node,
      node: life.node,
      originReadyForMs: readyForMs(origin),
      nodeReadyForMs: readyForMs(life),
      originLivedOnMs: origin.endedAt === Infinity ? null : Math.round(origin.endedAt - sentAt),
      deliveries: this.stage.lives.filter(({ number }) => this.log.has(message, number)).length,
      hadPath: this.hadPath(message, life),
    };
  }
}
