/** What Nest makes of an error that is no RpcException, after it has logged it. */
const ALREADY_LOGGED = 'Internal server error';

/**
 * Whether Nest has logged the error an event handler ended with. Nest 12 logs all of them. Nest 11 drops an RpcException
 * without a word, and with it every refusal of a guard, because there is nobody to reply to.
 */
export function nestReportsHandlerErrors(server: object, error: unknown): boolean {
  if ('propagatesEventHandlerErrors' in server) return true;
  return typeof error === 'object' && error !== null && 'message' in error && error.message === ALREADY_LOGGED;
}

export function describeHandlerError(error: unknown): string {
  if (error instanceof Error) return error.stack ?? error.message;
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}
