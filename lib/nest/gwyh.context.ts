import { BaseRpcContext } from '@nestjs/microservices';
import type { NodeId } from '../engine/node-id.js';
import type { BroadcastMeta } from '../runtime/gwyh-node.js';
import type { EventMetadata } from './event-codec.js';

/** @publicApi */
export type GwyhContextArgs = [pattern: string, meta: BroadcastMeta, metadata: EventMetadata];

/** What the base class holds in place of the list, which nobody reads there. */
const NO_ARGS = [] as unknown as GwyhContextArgs;

/**
 * What a handler can know of an event besides its data: `@Ctx() context: GwyhContext`.
 *
 * With Nest 12 and `strict`, `@EventPattern('a')` accepts handlers of exactly one parameter, because its overload for
 * typed event maps is tried first. Write `@EventPattern<string>('a')` on handlers that also take the context.
 *
 * @publicApi
 */
export class GwyhContext extends BaseRpcContext<GwyhContextArgs> {
  /** The list of the base class is made when somebody asks for it: one for each event would be garbage that hardly anybody looks at. */
  constructor(
    private readonly pattern: string,
    private readonly meta: BroadcastMeta,
    private readonly metadata: EventMetadata,
  ) {
    super(NO_ARGS);
  }

  override getArgs(): GwyhContextArgs {
    return [this.pattern, this.meta, this.metadata];
  }

  override getArgByIndex(index: number): GwyhContextArgs[number] | undefined {
    return this.getArgs()[index];
  }

  /** The pattern of the event; for an object pattern its normalised text, keys sorted. */
  getPattern(): string {
    return this.pattern;
  }

  /** The homie that emitted the event. Its zone is undefined as long as this homie has not learned it. */
  getOrigin(): { readonly id: NodeId; readonly zone: string | undefined } {
    return this.meta.origin;
  }

  /** Links the event has crossed; 0 for an event of this homie itself (`deliverToSelf`). */
  getHops(): number {
    return this.meta.hops;
  }

  /** The homie that passed the event on to this one. */
  getReceivedFrom(): NodeId {
    return this.meta.receivedFrom;
  }

  /** Grows with each event of one origin, not always by one. */
  getSequence(): number {
    return this.meta.sequence;
  }

  /** Headers of the {@link GwyhRecord} and metadata of the dispatch hook; an empty object when there are none. */
  getHeaders(): EventMetadata {
    return this.metadata;
  }

  /** The same as {@link getHeaders}, under the name that Nest's own contexts use. */
  getMetadata(): EventMetadata {
    return this.metadata;
  }
}
