import { HomieHttp } from './homie-http.js';
import type { HomieProcess } from './homie-process.js';

/** One of the demo's homies, taking requests. */
export interface Homie {
  readonly name: string;
  readonly zone: string;
  readonly process: HomieProcess;
  readonly url: string;
  readonly http: HomieHttp;
  /** What the library calls it. */
  readonly id: string;
  /** Where it gossips. */
  readonly address: string;
}
