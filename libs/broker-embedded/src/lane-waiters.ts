interface WaitingLane {
  readonly resumes: Set<() => void>;
  /** The smallest offset that one of them waits for. */
  offset: number;
}

/** Tails that have read everything and wait for their lane. */
export class LaneWaiters {
  private readonly waiting = new Map<number, WaitingLane>();

  /** Resolves at the next wake of the lane, or when the signal aborts. */
  wait(laneId: number, offset: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const lane = this.waiting.get(laneId) ?? { resumes: new Set(), offset };
      this.waiting.set(laneId, lane);
      lane.offset = Math.min(lane.offset, offset);
      const resume = () => {
        signal.removeEventListener('abort', resume);
        lane.resumes.delete(resume);
        if (lane.resumes.size === 0 && this.waiting.get(laneId) === lane) this.waiting.delete(laneId);
        resolve();
      };
      lane.resumes.add(resume);
      signal.addEventListener('abort', resume, { once: true });
    });
  }

  wake(laneId: number): void {
    const lane = this.waiting.get(laneId);
    if (lane !== undefined) for (const resume of [...lane.resumes]) resume();
  }

  wakeAll(): void {
    this.wakeIf(() => true);
  }

  /** Another process may commit thousands of times a second, and most of it is not for most of us. */
  wakeIf(hasNews: (laneId: number, offset: number) => boolean): void {
    for (const [laneId, { offset }] of [...this.waiting]) if (hasNews(laneId, offset)) this.wake(laneId);
  }
}
