import { NODE_ID_BYTES, type NodeId, nodeIdFromBytes } from '../node-id.js';
import type { Peer } from '../peers/peer.js';
import { DedupeWindow } from './dedupe-window.js';

/**
 * Most origins a node keeps streams of. A stream is about 1.5 kB when quiet. The limit is above the largest member
 * table, so only restarts in masses could fill it; then new origins have to wait until idle ones are swept.
 */
export const MAX_ORIGINS = 32_768;

/** A stream silent for this long is forgotten, ms: longer than anything can still be under way or in a segment cache. */
export const ORIGIN_IDLE_MS = 10 * 60_000;

/** How many peers that hold segments of a stream are remembered: more than a node has links. */
export const REMEMBERED_HOLDERS = 64;

/** What a node knows of one life of one origin: which segments arrived, which are owed, who brought them. */
export class OriginStream {
  readonly id: NodeId;
  readonly idBytes: Uint8Array;
  window: DedupeWindow;
  activeAt: number;
  /** Segment frames held for repair, by sequence. */
  readonly frames = new Map<number, Uint8Array>();
  /** Our own stream: nobody can tell us anything of it but how far they have it. */
  isOwn = false;
  /** Its newest segment belongs to a large message, and so waits for the pacers of the links. */
  isBulk = false;
  /** The highest sequence that each peer brought or told of: whom to ask, and whom nobody needs to tell. */
  readonly holders = new Map<Peer, number>();
  /** Repair requests since the last progress, and what was settled and known at the first of them. */
  repairAttempts = 0;
  repairSettled = 0;
  repairHighest = 0;
  /** When to ask for what is missing; Infinity when nothing is. */
  repairAt = Infinity;
  /** How many digests told of the newest segment, and when the next one does; Infinity when none will. */
  digestRound = 0;
  digestAt = Infinity;
  /** Next stream whose id begins with the same 32 bits. */
  next: OriginStream | undefined = undefined;

  /** @param owedFrom the first sequence this node wants. */
  constructor(
    idBytes: Uint8Array,
    public boot: number,
    owedFrom: number,
    now: number,
  ) {
    this.idBytes = idBytes.slice();
    this.id = nodeIdFromBytes(idBytes);
    this.window = new DedupeWindow(owedFrom, now);
    this.activeAt = now;
  }

  /** The origin started anew: forgets its former life. Returns how many of its segments were owed and never came. */
  restart(boot: number, owedFrom: number, now: number): number {
    const { window } = this;
    const lost = -window.lost;
    window.giveUp(window.highest);
    this.boot = boot;
    this.window = new DedupeWindow(owedFrom, now);
    this.frames.clear();
    this.holders.clear();
    this.repairAttempts = 0;
    return lost + window.lost;
  }

  /** The peer proved to have the stream up to here. */
  heldBy(peer: Peer, sequence: number): void {
    const known = this.holders.get(peer);
    if (known !== undefined && known >= sequence) return;
    this.holders.set(peer, sequence);
    if (this.holders.size <= REMEMBERED_HOLDERS) return;
    for (const longestKnown of this.holders.keys()) {
      this.holders.delete(longestKnown);
      return;
    }
  }
}

/** All streams, found by the bytes of the origin's id without making a string of them. */
export class OriginTable {
  private readonly byWord = new Map<number, OriginStream>();
  size = 0;

  find(idBytes: Uint8Array): OriginStream | undefined {
    let stream = this.byWord.get(word(idBytes));
    while (stream !== undefined && !sameBytes(stream.idBytes, idBytes)) stream = stream.next;
    return stream;
  }

  /** False when the table is full. */
  add(stream: OriginStream): boolean {
    if (this.size >= MAX_ORIGINS) return false;
    const key = word(stream.idBytes);
    stream.next = this.byWord.get(key);
    this.byWord.set(key, stream);
    this.size++;
    return true;
  }

  remove(stream: OriginStream): void {
    const key = word(stream.idBytes);
    const first = this.byWord.get(key);
    if (first === stream) {
      if (stream.next === undefined) this.byWord.delete(key);
      else this.byWord.set(key, stream.next);
      this.size--;
      return;
    }
    for (let before = first; before !== undefined; before = before.next) {
      if (before.next !== stream) continue;
      before.next = stream.next;
      this.size--;
      return;
    }
  }

  *[Symbol.iterator](): IterableIterator<OriginStream> {
    for (const first of this.byWord.values()) {
      let stream: OriginStream | undefined = first;
      while (stream !== undefined) {
        const { next }: OriginStream = stream;
        yield stream;
        stream = next;
      }
    }
  }
}

function word(idBytes: Uint8Array): number {
  return idBytes[0]! | (idBytes[1]! << 8) | (idBytes[2]! << 16) | (idBytes[3]! << 24);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < NODE_ID_BYTES; i++) if (a[i] !== b[i]) return false;
  return true;
}
