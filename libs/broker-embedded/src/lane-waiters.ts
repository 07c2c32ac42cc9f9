/** Tails that have read everything and wait for their lane. */
export class LaneWaiters {
  private readonly waiting = new Map<number, Set<() => void>>();

  /** Resolves at the next wake of the lane, or when the signal aborts. */
  wait(laneId: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const lane = this.waiting.get(laneId) ?? new Set();
      this.waiting.set(laneId, lane);
      const done = () => {
        signal.removeEventListener('abort', done);
        lane.delete(done);
        if (lane.size === 0 && this.waiting.get(laneId) === lane) this.waiting.delete(laneId);
        resolve();
      };
      lane.add(done);
      signal.addEventListener('abort', done, { once: true });
    });
  }

  wake(laneId: number): void {
    const lane = this.waiting.get(laneId);
    if (lane !== undefined) for (const done of [...lane]) done();
  }

  wakeAll(): void {
    for (const laneId of [...this.waiting.keys()]) this.wake(laneId);
  }
}
