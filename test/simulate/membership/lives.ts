/** How a life came to its end. */
export type Ending = 'killed' | 'left';

/** One life of a node: what the world knows of it, whatever others believe. */
export interface Life {
  readonly number: number;
  readonly node: number;
  readonly startedAt: number;
  /** When it was ready first; Infinity before. */
  readyAt: number;
  /** When it ended; Infinity while it runs. */
  endedAt: number;
  ending: Ending | undefined;
  /** When it was paused last; -Infinity for never. */
  pausedAt: number;
}

export function newLife(number: number, node: number, startedAt: number): Life {
  return {
    number,
    node,
    startedAt,
    readyAt: Infinity,
    endedAt: Infinity,
    ending: undefined,
    pausedAt: -Infinity,
  };
}
