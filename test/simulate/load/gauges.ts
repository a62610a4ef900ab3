/** Of the metrics those that say how much of something there is now; the others only grow. */
const GAUGES = [
  'members',
  'suspects',
  'sessions',
  'unconfirmedSessions',
  'timers',
  'peers',
  'links',
  'outboxBytes',
  'inquiries',
  'favours',
  'cachedSegments',
  'cachedBytes',
  'incompleteMessages',
  'incompleteBytes',
  'streamsWithGaps',
];

/** Sessions, and with them peers and timers, come and go while a node looks for near ones. */
const MOST_SESSIONS_MORE = 4;
const SLACK: Readonly<Record<string, number>> = {
  sessions: MOST_SESSIONS_MORE,
  peers: MOST_SESSIONS_MORE,
  links: MOST_SESSIONS_MORE,
  timers: 2 * MOST_SESSIONS_MORE,
};

/** Before gauges are read, ms: longer than sessions without use, caches and partial messages are kept. */
export const CALM_MS = 180_000;

/** A gauge that did not come back. */
export interface Left {
  readonly node: number;
  readonly gauge: string;
  /** The most of all nodes before, and what it is now. */
  readonly before: number;
  readonly after: number;
}

/**
 * What is left in nodes of what happened to them since they were idle.
 * @param before metrics of all nodes then. @param after those of now, in any order: a node may have begun anew.
 * @param more names of further gauges that the metrics have.
 */
export function leftBehind(
  before: readonly Readonly<Record<string, number>>[],
  after: readonly Readonly<Record<string, number>>[],
  more: readonly string[] = [],
): Left[] {
  return after.flatMap((metrics, node) =>
    [...GAUGES, ...more].flatMap(gauge => {
      const value = metrics[gauge];
      if (value === undefined) throw new Error(`there is no gauge "${gauge}"`);
      const most = Math.max(...before.map(each => each[gauge]!));
      return value <= most + (SLACK[gauge] ?? 0) ? [] : [{ node, gauge, before: most, after: value }];
    }),
  );
}
