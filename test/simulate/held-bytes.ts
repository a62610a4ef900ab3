import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What the heap and the buffers hold after a collection, bytes. */
export function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let collectGarbage = () => {
  collectGarbage = globalThis.gc === undefined ? exposedCollector() : () => void globalThis.gc!();
  collectGarbage();
};

/** For processes that were started without `--expose-gc`. */
function exposedCollector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
