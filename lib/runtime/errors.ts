/**
 * An option cannot be used. The message names the option, its value, and what to do.
 *
 * @publicApi
 */
export class GwyhOptionsError extends Error {
  override readonly name = 'GwyhOptionsError';

  constructor(
    /** Name of the option, `heartbeat.missed` for nested ones. */
    readonly option: string,
    value: unknown,
    fix: string,
  ) {
    super(`Option "${option}" cannot be ${describe(value)}: ${fix}`);
  }
}

/**
 * The socket could not be bound.
 *
 * @publicApi
 */
export class GwyhBindError extends Error {
  override readonly name = 'GwyhBindError';

  constructor(
    bind: string,
    /** The operating system's code, such as `EADDRINUSE`. */
    readonly code: string,
    cause: unknown,
  ) {
    super(`Cannot bind "${bind}": ${BIND_FIXES[code] ?? code}`, { cause });
  }
}

/**
 * `ready()` waited in vain: no other homie was found, or none takes our broadcasts.
 *
 * @publicApi
 */
export class GwyhNotReadyError extends Error {
  override readonly name = 'GwyhNotReadyError';
}

/**
 * The message is larger than `maxMessageBytes`.
 *
 * @publicApi
 */
export class GwyhMessageTooLargeError extends Error {
  override readonly name = 'GwyhMessageTooLargeError';

  constructor(
    readonly bytes: number,
    readonly limit: number,
  ) {
    super(`The message has ${bytes} bytes, more than the ${limit} of the option "maxMessageBytes".`);
  }
}

/**
 * All links have as much to send as they may hold. Await `broadcast()` or `emit()` before the next one, or send less.
 *
 * @publicApi
 */
export class GwyhQueueFullError extends Error {
  override readonly name = 'GwyhQueueFullError';

  constructor() {
    super('The queues to all peers are full: await each broadcast before the next, or send less.');
  }
}

/**
 * The node is not running: it was closed, or not started yet.
 *
 * @publicApi
 */
export class GwyhClosedError extends Error {
  override readonly name = 'GwyhClosedError';
}

const BIND_FIXES: Record<string, string> = {
  EADDRINUSE: 'another process has this port. Choose another port, or 0 for any free one.',
  EADDRNOTAVAIL: 'this machine has no such address. Bind one of its own, or 0.0.0.0 for all.',
  EACCES: 'this user may not bind that port. Choose one above 1023.',
  ENOTFOUND: 'the name is unknown. Bind an address, or a name that resolves to one of this machine.',
};

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number' || typeof value === 'bigint' || value === null) return String(value);
  return `a value of type ${Array.isArray(value) ? 'array' : typeof value}`;
}
