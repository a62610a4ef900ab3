import type { INestApplication } from '@nestjs/common';

/** What a homie tells the process that forked it, once it takes requests. */
export interface Listening {
  readonly listening: string;
}

/** Reports to the process that forked this one, and goes when that process is gone. Does nothing in a process of its own. */
export function followParent(app: INestApplication, url: string): void {
  if (process.send === undefined) return;
  process.once('disconnect', () => void app.close().finally(() => process.exit()));
  process.send({ listening: url } satisfies Listening);
}
