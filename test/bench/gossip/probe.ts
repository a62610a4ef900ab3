/** What the messages of a bench say: enough to tell who lost which of them, and how long the others took. */
export interface Probe {
  /** Of the run that it belongs to: what comes late from the run before counts for neither. */
  readonly run: number;
  /** Its place in the run, from 0. */
  readonly sequence: number;
  /** When it was handed over, on the clock that all processes of a machine share. */
  readonly sentAtUs: number;
}

/** Length of a probe, bytes: that of a small event. */
export const PROBE_BYTES = 200;

export function encodeProbe({ run, sequence, sentAtUs }: Probe): Uint8Array {
  const bytes = new Uint8Array(PROBE_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, run);
  view.setUint32(4, sequence);
  view.setFloat64(8, sentAtUs);
  return bytes;
}

export function decodeProbe(bytes: Uint8Array): Probe {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { run: view.getUint32(0), sequence: view.getUint32(4), sentAtUs: view.getFloat64(8) };
}
