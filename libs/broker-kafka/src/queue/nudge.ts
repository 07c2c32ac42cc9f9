import type { Clock } from '@distributary/distribution-core';

/** A pause that somebody may end early. */
export class Nudge {
  private end: (() => void) | undefined;
  private isNudged = false;

  constructor(private readonly clock: Clock) {}

  /** Ends the pause that is under way, else the next one before it begins. */
  now(): void {
    if (this.end === undefined) this.isNudged = true;
    else this.end();
  }

  wait(ms: number): Promise<void> {
    if (this.isNudged) {
      this.isNudged = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const cancel = this.clock.after(ms, () => this.end?.());
      this.end = () => {
        cancel();
        this.end = undefined;
        resolve();
      };
    });
  }
}
