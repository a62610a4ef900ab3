/** The part of Nest's `LoggerService` that the runtime uses, so that any logger with these methods fits. */
export interface GwyhLogger {
  log(message: string): void;
  warn(message: string): void;
  error(message: string): void;
  debug?(message: string): void;
}

export const consoleLogger: GwyhLogger = {
  log: message => console.log(`[gwyh] ${message}`),
  warn: message => console.warn(`[gwyh] ${message}`),
  error: message => console.error(`[gwyh] ${message}`),
};
