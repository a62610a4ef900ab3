import type { MemberRecord } from '../../../lib/engine/membership/member.js';
import { randomNodeId } from '../../../lib/engine/node-id.js';
import { readMemberRecord, writeMemberRecord } from '../../../lib/engine/wire/member-codec.js';
import { MessagePackReader } from '../../../lib/engine/wire/message-pack-reader.js';
import { MessagePackWriter } from '../../../lib/engine/wire/message-pack-writer.js';
import { SeededRandom } from '../../../lib/testing/seeded-random.js';
import { VirtualCluster, type VirtualHomie } from '../../../lib/testing/virtual-cluster.js';
import { heldBytes } from '../held-bytes.js';
import { REGIONS } from '../regions.js';

/** Members of the table that is measured: many, so that what does not depend on their number does not count. */
const MEMBERS = 10_000;
const FIRST_MEMBERS = 100;

const MEASUREMENTS = 3;

let measured: number | undefined;

/** The same for every run of a process: it is measured once. Of some measurements the least: noise only adds to it. */
export function memberBytes(): number {
  // All tables are kept to the end: what is freed of one must not be taken from the next.
  const tables = Array.from({ length: measured === undefined ? MEASUREMENTS : 0 }, measureTable);
  measured ??= Math.min(...tables.map(({ memberBytes }) => memberBytes));
  return measured;
}

/**
 * What the heap holds for one member in the table of one engine, bytes: measured on a large table whose records came off the
 * wire one by one, as in a real process, where nothing of them is shared with others.
 */
function measureTable(): { readonly kept: readonly unknown[]; readonly memberBytes: number } {
  const cluster = new VirtualCluster({ seed: 1, checkEvery: 0, onEvent: () => undefined });
  const homie = cluster.add({ seeds: [] });
  const wire = encodeRecords();
  // The first ones bring what exists once, and not for each member.
  introduce(homie, wire.slice(0, FIRST_MEMBERS));
  const before = heldBytes();
  introduce(homie, wire.slice(FIRST_MEMBERS));
  const held = heldBytes() - before;
  if (homie.engine.members.length !== MEMBERS) throw new Error('the table did not take all members');
  // The bytes that were read are kept as well: freed before the second look, they would count against the table.
  return { kept: [cluster, wire], memberBytes: Math.round(held / (MEMBERS - FIRST_MEMBERS)) };
}

function introduce(homie: VirtualHomie, wire: readonly Uint8Array[]): void {
  const reader = new MessagePackReader();
  const records = wire.map(bytes => {
    reader.reset(bytes);
    return readMemberRecord(reader)!;
  });
  homie.introduce(records);
  homie.drain();
}

function encodeRecords(): Uint8Array[] {
  const random = new SeededRandom(1);
  const writer = new MessagePackWriter(1_024);
  return Array.from({ length: MEMBERS }, (_, i) => {
    const endpoint = { address: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, port: 6969 };
    const incarnation = 1_700_000_000_000 + random.below(1_000_000_000);
    const zone = REGIONS[i % REGIONS.length]!.name;
    const record: MemberRecord = { id: randomNodeId(random.fill), incarnation, state: 'up', endpoint, zone };
    writer.reset();
    writeMemberRecord(writer, record);
    return writer.take();
  });
}
