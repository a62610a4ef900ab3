/** A signal asked the demo to end, which is how it ends unless run with --once. */
export class SignalReceived extends Error {
  override readonly name = 'SignalReceived';

  constructor(readonly signalName: NodeJS.Signals) {
    super(`Ended by ${signalName} before the round was complete.`);
  }
}

/** How often a demo started by npm looks whether npm is still there. */
const LOOK_FOR_PARENT_MS = 500;

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Why the demo has to end early, if it has to: everything that waits listens to `signal`. */
export class Interruption {
  private readonly controller = new AbortController();
  readonly signal = this.controller.signal;
  private readonly stops: (() => void)[] = [];

  /** @param onImpatience called for every signal after the first: someone does not want to wait */
  constructor(onImpatience: () => void) {
    for (const name of SIGNALS) {
      const listener = () => {
        if (this.signal.reason instanceof SignalReceived) onImpatience();
        else this.because(new SignalReceived(name));
      };
      process.on(name, listener);
      this.stops.push(() => process.off(name, listener));
    }
    // Nobody reads any more, as in `npm start | head`.
    const onBrokenPipe = (error: Error) => this.because(error);
    process.stdout.on('error', onBrokenPipe);
    this.stops.push(() => process.stdout.off('error', onBrokenPipe));
    if (process.env.npm_lifecycle_event !== undefined) this.followNpm();
  }

  /** Only the first reason counts: it tends to cause the others. */
  because(reason: Error): void {
    this.controller.abort(reason);
  }

  dispose(): void {
    for (const stop of this.stops) stop();
  }

  /** npm passes a SIGTERM on to the shell between itself and this process, which ends without passing it on any further. */
  private followNpm(): void {
    const shell = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid !== shell) this.because(new SignalReceived('SIGTERM'));
    }, LOOK_FOR_PARENT_MS);
    this.stops.push(() => clearInterval(timer));
  }
}
