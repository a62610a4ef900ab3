import type { LoggerService } from '@nestjs/common';

/** Keeps what is logged. */
export class MemoryLogger implements LoggerService {
  readonly lines: string[] = [];

  log = (message: unknown) => this.keep('log', message);
  warn = (message: unknown) => this.keep('warn', message);
  error = (message: unknown) => this.keep('error', message);
  debug = (message: unknown) => this.keep('debug', message);
  verbose = (message: unknown) => this.keep('verbose', message);

  of(level: string): string[] {
    return this.lines.filter(line => line.startsWith(`${level} `));
  }

  private keep(level: string, message: unknown): void {
    this.lines.push(`${level} ${message instanceof Error ? message.message : String(message)}`);
  }
}
