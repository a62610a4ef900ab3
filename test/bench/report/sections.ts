import type { Section } from './section.js';
import { engineSection } from './sections/engine.js';
import { peersSection } from './sections/peers.js';
import { scaleSection } from './sections/scale.js';
import { transportsSection } from './sections/transports.js';
import { wireSection } from './sections/wire.js';

/** All benches of the report, in its order: a new one is a line here. */
export const SECTIONS = [
  transportsSection,
  wireSection,
  engineSection,
  scaleSection,
  peersSection,
] as unknown as readonly Section[];
