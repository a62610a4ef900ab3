import { mix } from '../membership/member.js';
import type { NodeId } from '../node-id.js';

/**
 * Rendezvous hashing (Thaler and Ravishankar, 1998): every pair (chooser, candidate) has a fixed pseudo-random score,
 * and a chooser takes the candidates with the highest. A join or a leave moves only the choices it touches, and who
 * chooses whom is spread evenly.
 */
export function rendezvousScore(chooser: NodeId, candidate: NodeId): number {
  let h = 0;
  for (let i = 0; i < 32; i += 8) {
    h = mix(h ^ Number.parseInt(chooser.slice(i, i + 8), 16));
    h = mix(h + Number.parseInt(candidate.slice(i, i + 8), 16));
  }
  return h / 0x1_0000_0000;
}

/** A fixed pseudo-random number in [0, 1) for a chooser and a name (a slot, a zone). */
export function rendezvousUnit(chooser: NodeId, name: string): number {
  let h = 0;
  for (let i = 0; i < 32; i += 8) h = mix(h ^ Number.parseInt(chooser.slice(i, i + 8), 16));
  for (let i = 0; i < name.length; i++) h = mix(h + name.charCodeAt(i) + 1);
  return h / 0x1_0000_0000;
}
