import type { MemberEvent } from '../../../lib/engine/engine-event.js';
import type { WatchedEvent } from '../simulated-cluster.js';
import type { Life } from './lives.js';
import { Views } from './views.js';

/** False deaths that are told of one by one in the result; the others are only counted. */
export const MOST_EXAMPLES = 20;

/** An event `down` about a member that was alive, with what may explain it. */
export interface FalseDown {
  /** Virtual time, ms. */
  readonly at: number;
  /** Numbers of the nodes. */
  readonly observer: number;
  readonly subject: number;
  /** Ms since the beginning of the last pause of each; null when it never was paused. */
  readonly observerPausedAgoMs: number | null;
  readonly subjectPausedAgoMs: number | null;
}

/** What was told of members, judged by what was true. */
export interface Judgements {
  /** `down` about a member that runs, and that the scenario does not excuse. */
  readonly falseDowns: number;
  /** How many members these were. */
  readonly falselyDownMembers: number;
  /** `left` about a member that never left. */
  readonly falseLeaves: number;
  /** `down` about a member that runs, but that the scenario has cut off. */
  readonly excusedDowns: number;
  /** `down` about a member that is dead. */
  readonly trueDowns: number;
  readonly suspicions: number;
  /** Suspicions that ended with `up`. */
  readonly refutations: number;
  /** `up` about a member that is dead, by one who knew that already. */
  readonly revivals: number;
}

export const NO_JUDGEMENTS: Judgements = {
  falseDowns: 0,
  falselyDownMembers: 0,
  falseLeaves: 0,
  excusedDowns: 0,
  trueDowns: 0,
  suspicions: 0,
  refutations: 0,
  revivals: 0,
};

export function addJudgements(a: Judgements, b: Judgements): Judgements {
  const names = Object.keys(a) as (keyof Judgements)[];
  return Object.fromEntries(names.map(name => [name, a[name] + b[name]])) as unknown as Judgements;
}

/** Hears every event of every engine and knows the truth. */
export class Witness {
  readonly judgements: { -readonly [name in keyof Judgements]: Judgements[name] } = { ...NO_JUDGEMENTS };
  readonly examples: FalseDown[] = [];
  readonly views: Views;
  /** Lives that were wrongly said to be down. */
  readonly falselyDown = new Set<Life>();
  /**
   * Whether the scenario has cut off the subject, by numbers of nodes, so that the observer may take it for dead. Set by
   * the scenario.
   */
  isExcused: (observer: number, subject: number) => boolean = () => false;
  /** Sees each event of doubt about a member that is dead. Set by the scenario. */
  onDoubtTold: ((observer: Life, subject: Life) => void) | undefined;
  /** Sees each event of the death of a member that is dead. Set by the scenario. */
  onDeathTold: ((observer: Life, subject: Life) => void) | undefined;
  /** Sees each event about a member, when it has been entered. Set by the scenario. */
  onTold: ((observer: Life) => void) | undefined;
  private readonly byId = new Map<string, Life>();

  /** @param mostLives how many lives there will be. */
  constructor(mostLives: number) {
    this.views = new Views(mostLives);
  }

  started(life: Life, id: string): void {
    this.byId.set(id, life);
    this.views.start(life.number);
  }

  ended(life: Life): void {
    this.views.end(life.number);
  }

  lifeOf(id: string): Life | undefined {
    return this.byId.get(id);
  }

  told(observer: Life, event: WatchedEvent, now: number): void {
    if (event.type === 'ready') observer.readyAt = Math.min(observer.readyAt, now);
    if (!('member' in event)) return;
    const subject = this.byId.get(event.member.id);
    if (subject === undefined) throw new Error(`a member that never lived: ${event.member.id}`);
    this.judge(observer, subject, event.type, now);
    this.views.tell(observer.number, subject.number, event.type);
    this.onTold?.(observer);
  }

  private judge(observer: Life, subject: Life, type: MemberEvent['type'], now: number): void {
    const { judgements, views } = this;
    const isAlive = subject.endedAt === Infinity;
    switch (type) {
      case 'suspect':
        judgements.suspicions++;
        if (!isAlive) this.onDoubtTold?.(observer, subject);
        return;
      case 'up':
        if (views.suspects(observer.number, subject.number)) judgements.refutations++;
        if (!isAlive && views.hasBuried(observer.number, subject.number)) judgements.revivals++;
        return;
      case 'left':
        if (subject.ending !== 'left') judgements.falseLeaves++;
        return;
      case 'down':
        if (!isAlive) {
          judgements.trueDowns++;
          this.onDeathTold?.(observer, subject);
        } else if (this.isExcused(observer.node, subject.node)) judgements.excusedDowns++;
        else this.enterFalseDown(observer, subject, now);
    }
  }

  private enterFalseDown(observer: Life, subject: Life, now: number): void {
    this.judgements.falseDowns++;
    this.falselyDown.add(subject);
    this.judgements.falselyDownMembers = this.falselyDown.size;
    if (this.examples.length >= MOST_EXAMPLES) return;
    const agoMs = ({ pausedAt }: Life) => (pausedAt === -Infinity ? null : Math.round(now - pausedAt));
    this.examples.push({
      at: Math.round(now),
      observer: observer.node,
      subject: subject.node,
      observerPausedAgoMs: agoMs(observer),
      subjectPausedAgoMs: agoMs(subject),
    });
  }
}
