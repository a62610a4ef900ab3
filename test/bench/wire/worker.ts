/** One end of a pair, in a process of its own. */
import { serveQuestions } from '../processes.js';
import { nowUs } from '../clock.js';
import type { CarrierName, Sender } from './carrier.js';
import { createGwyhSender, startGwyhReceiver } from './gwyh-pair.js';
import { createRawSender, startRawReceiver } from './raw-pair.js';

/** Messages sent between two looks at the network. */
const BATCH = 50;

export type WireQuestion =
  { kind: 'ready' } | { kind: 'send'; bytes: number; messages: number } | { kind: 'begin' } | { kind: 'report' };

export interface WireReport {
  readonly receivedBytes: number;
  readonly lastAtUs: number;
}

const [role, carrier, port] = process.argv.slice(2) as ['sender' | 'receiver', CarrierName, string];

let sender: Sender | undefined;
let receivedBytes = 0;
let lastAtUs = 0;
const onReceived = (bytes: number) => {
  receivedBytes += bytes;
  lastAtUs = nowUs();
};

if (role === 'sender') {
  sender = carrier === 'gwyh' ? await createGwyhSender() : await createRawSender(carrier === 'sealed');
} else if (carrier === 'gwyh') await startGwyhReceiver(Number(port), onReceived);
else await startRawReceiver(carrier === 'sealed', Number(port), onReceived);

async function send(bytes: number, messages: number): Promise<void> {
  const payload = new Uint8Array(bytes).fill(1);
  for (let i = 1; i <= messages; i++) {
    await sender!.send(payload);
    if (i % BATCH === 0) await new Promise(resolve => setImmediate(resolve));
  }
}

serveQuestions<WireQuestion>({ port: sender?.port ?? 0 }, async question => {
  switch (question.kind) {
    case 'ready':
      return sender!.ready();
    case 'begin':
      receivedBytes = 0;
      return undefined;
    case 'report':
      return { receivedBytes, lastAtUs } satisfies WireReport;
    case 'send': {
      const begunUs = nowUs();
      await send(question.bytes, question.messages);
      return begunUs;
    }
  }
});
