import type { ReplaySubject } from 'rxjs';
import type { GwyhNode, MemberEventName, MemberInfo } from '../runtime/gwyh-node.js';

/**
 * What the `status` observable of server and client tells:
 * `listening` the socket is bound, but no homie takes what is emitted, or none is listened to;
 * `ready` at least one homie takes broadcasts from here, and this one takes them from at least one;
 * `closed` the homie has left, or is about to.
 *
 * @publicApi
 */
export type GwyhStatus = 'listening' | 'ready' | 'closed';

/**
 * Events of `GwyhServer.on()` and `GwyhClientProxy.on()`, and what their listeners get. A homie is `suspect` when it fell
 * silent, `down` when nobody could reach it any more, and `left` when it said goodbye.
 *
 * @publicApi
 */
export type GwyhEvents = {
  up: (member: MemberInfo) => void;
  suspect: (member: MemberInfo) => void;
  down: (member: MemberInfo) => void;
  left: (member: MemberInfo) => void;
  ready: () => void;
  unready: () => void;
};

/** Keeps `status$` at what a started node reports. Returns the function that ends it. */
export function followStatus(node: GwyhNode, status$: ReplaySubject<GwyhStatus>): () => void {
  status$.next(node.isReady ? 'ready' : 'listening');
  const stops = [node.on('ready', () => status$.next('ready')), node.on('unready', () => status$.next('listening'))];
  return () => {
    for (const stop of stops) stop();
    status$.next('closed');
  };
}

/** `node.on()` for an event that is known only when called. */
export function listenTo<Event extends keyof GwyhEvents>(
  node: GwyhNode,
  event: Event,
  callback: GwyhEvents[Event],
): () => void {
  return node.on(event as MemberEventName, callback as GwyhEvents[MemberEventName]);
}
