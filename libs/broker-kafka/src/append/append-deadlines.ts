import type { Clock } from '@distributary/distribution-core';

const LOOK_MS = 250;

interface Waiting {
  readonly deadlineMs: number;
}

/** Who waits for an answer until when. All have as much time, so that they are due in the order in which they came. */
export class AppendDeadlines<Call extends Waiting> {
  private readonly waiting = new Set<Call>();
  private isToLook = false;

  constructor(
    private readonly clock: Clock,
    private readonly onMissed: (call: Call) => void,
  ) {}

  add(call: Call): void {
    this.waiting.add(call);
    this.lookLater();
  }

  /** False if it has been told that its time is over. */
  answered(call: Call): boolean {
    return this.waiting.delete(call);
  }

  private lookLater(): void {
    if (this.isToLook || this.waiting.size === 0) return;
    this.isToLook = true;
    this.clock.after(LOOK_MS, () => {
      this.isToLook = false;
      this.look();
      this.lookLater();
    });
  }

  private look(): void {
    const nowMs = this.clock.monotonicMs();
    for (const call of this.waiting) {
      if (call.deadlineMs > nowMs) return;
      this.waiting.delete(call);
      this.onMissed(call);
    }
  }
}
