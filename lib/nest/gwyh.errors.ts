/**
 * An event holds something that cannot be sent: a function, a symbol, a cycle, a key `__proto__`. The message names the
 * pattern and the path to the value. `emit()` fails with it and nothing is sent.
 *
 * @publicApi
 */
export class GwyhEncodeError extends Error {
  override readonly name = 'GwyhEncodeError';

  constructor(
    public readonly pattern: string,
    problem: string,
    options?: ErrorOptions,
  ) {
    super(`Cannot emit "${pattern}": ${problem}`, options);
  }
}

/**
 * `send()` was called. Gossip has no reply to wait for.
 *
 * @publicApi
 */
export class GwyhEventsOnlyError extends Error {
  override readonly name = 'GwyhEventsOnlyError';

  constructor() {
    super('Gwyh carries events only, so send() would wait for ever: use emit() and @EventPattern() instead.');
  }
}
