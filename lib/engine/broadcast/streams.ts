import type { EngineContext } from '../engine-context.js';
import type { Peer } from '../peers/peer.js';
import type { Segment } from '../wire/segment-frame.js';
import { ORIGIN_IDLE_MS, OriginStream, OriginTable } from './origin-stream.js';

/** Finds the stream that a frame speaks of, begins new ones, and tells former lives of an origin from its present one. */
export class Streams {
  readonly table = new OriginTable();
  private readonly byTag = new Map<number, OriginStream>();

  constructor(
    private readonly context: EngineContext,
    /** Our own stream: nobody can tell us anything of it but how far they have it. */
    readonly own: OriginStream,
    /** A stream ends, or begins anew: whatever was under way for it is over. */
    private readonly ended: (stream: OriginStream) => void,
  ) {
    this.table.add(own);
    this.byTag.set(own.tag, own);
  }

  /** The stream of a segment that came; undefined when it is to be dropped, which is counted. */
  ofSegment(segment: Segment, now: number): OriginStream | undefined {
    const { counters } = this.context;
    const stream = this.table.find(segment.origin);
    const owedFrom = segment.sequence - segment.index;
    if (stream === undefined) return this.begin(segment.origin, segment.boot, owedFrom, now);
    if (stream === this.own) {
      counters.drop('own_segment');
      return undefined;
    }
    if (segment.boot < stream.boot) {
      counters.drop('stale_segment');
      return undefined;
    }
    if (segment.boot > stream.boot) this.restart(stream, segment.boot, owedFrom, now);
    return stream;
  }

  /** The stream of a continuation that came; undefined when it is to be dropped, which is counted. */
  ofTag(tag: number): OriginStream | undefined {
    const stream = this.byTag.get(tag);
    if (stream !== undefined && stream !== this.own) return stream;
    this.context.counters.drop(stream === undefined ? 'unknown_stream' : 'own_segment');
    return undefined;
  }

  /**
   * The stream a peer tells us of, whose newest segment is so old; undefined when it is none of our business: of another
   * life, or from before we were linked with whoever tells.
   */
  toldOf(
    peer: Peer,
    idBytes: Uint8Array,
    boot: number,
    newest: number,
    ageMs: number,
    now: number,
  ): OriginStream | undefined {
    const stream = this.table.find(idBytes);
    if (stream !== undefined && (stream === this.own || stream.boot >= boot)) {
      return stream.boot === boot ? stream : undefined;
    }
    if (ageMs >= now - peer.metAt || newest === 0) return undefined;
    if (stream === undefined) return this.begin(idBytes, boot, newest, now);
    this.restart(stream, boot, newest, now);
    return stream;
  }

  /** Forgets those that were silent for long. Walks over all. */
  removeIdle(now: number): void {
    for (const stream of this.table) {
      if (stream === this.own || now - stream.activeAt < ORIGIN_IDLE_MS) continue;
      this.ended(stream);
      this.table.remove(stream);
      this.byTag.delete(stream.tag);
    }
  }

  private begin(idBytes: Uint8Array, boot: number, owedFrom: number, now: number): OriginStream | undefined {
    const stream = new OriginStream(idBytes, boot, owedFrom, now);
    if (!this.table.add(stream)) {
      this.context.counters.drop('origins_full');
      return undefined;
    }
    this.byTag.set(stream.tag, stream);
    return stream;
  }

  private restart(stream: OriginStream, boot: number, owedFrom: number, now: number): void {
    this.ended(stream);
    this.byTag.delete(stream.tag);
    this.context.counters.drop('segment_lost', stream.restart(boot, owedFrom, now));
    this.byTag.set(stream.tag, stream);
  }
}
