import type { Operation } from './operation.js';

const COUNT = 250;
const KEY_CODES = Array.from('product:1234', character => character.charCodeAt(0));

/**
 * What any transport does with a received event: its data are made, the handler is called, and its promise followed. Taken
 * from the receive path, the rest is our own.
 */
export function handleAlone(): Operation {
  const done = Promise.resolve();
  let handled = 0;
  const handler = (_data: unknown): Promise<void> => {
    handled++;
    return done;
  };
  return {
    name: 'handle alone',
    what: 'data like those of a received event, the call of a handler, what follows its promise',
    count: COUNT,
    run() {
      for (let version = 0; version < COUNT; version++) {
        // Made of its bytes, as in a message.
        const key = String.fromCharCode.apply(undefined, KEY_CODES);
        handler({ run: 1, version, key, sentAtUs: handled }).then(nothing, nothing);
      }
    },
  };
}

function nothing(): void {}
