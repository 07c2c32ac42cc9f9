import { DistributionError } from '../errors/distribution-error.js';
import type { Log, TailStart } from '../ports/log.port.js';
import { anEvent } from './builders.js';

const EVENTS_PER_APPEND = 10;
const OVERLAPPING = 4;
const PAUSE_MS = 2;

/** Writes numbered events to one lane, several appends at a time, and keeps its own list of what was acknowledged. */
export class SteadyWriter {
  /** In the order of the calls. */
  readonly acknowledged: string[] = [];
  /** They may be there or not. */
  readonly refused: { readonly ids: readonly string[]; readonly code: string }[] = [];
  /** The longest time between two acknowledgements. */
  longestSilenceMs = 0;
  private lastMs = performance.now();
  private next = 1;
  private isStopped = false;
  private readonly ended: Promise<unknown>;

  constructor(
    private readonly log: Log,
    private readonly topic: string,
  ) {
    this.ended = Promise.all(Array.from({ length: OVERLAPPING }, () => this.write()));
  }

  /** Ends when everything that was given has been answered. */
  async stop(): Promise<void> {
    this.isStopped = true;
    await this.ended;
  }

  private async write(): Promise<void> {
    while (!this.isStopped) {
      const ids = Array.from({ length: EVENTS_PER_APPEND }, () => String(this.next++).padStart(8, '0'));
      const records = ids.map((eventId) => anEvent({ eventId }));
      try {
        await this.log.append([{ topic: this.topic, partition: 0, records }]);
        this.acknowledged.push(...ids);
        const nowMs = performance.now();
        this.longestSilenceMs = Math.max(this.longestSilenceMs, nowMs - this.lastMs);
        this.lastMs = nowMs;
      } catch (error) {
        this.refused.push({ ids, code: error instanceof DistributionError ? error.code : String(error) });
      }
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE_MS);
      });
    }
  }
}

/** A tail that keeps what it sees, and why it ended. */
export class Follower {
  readonly eventIds: string[] = [];
  error: unknown;
  hasEnded = false;
  private readonly abort = new AbortController();
  private readonly finished: Promise<void>;

  constructor(log: Log, start: TailStart) {
    this.finished = this.run(log, start);
  }

  get code(): string | undefined {
    return this.error instanceof DistributionError ? this.error.code : undefined;
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.finished;
  }

  private async run(log: Log, start: TailStart): Promise<void> {
    try {
      for await (const batch of log.tail(start, { signal: this.abort.signal })) this.eventIds.push(...batch.eventIds);
    } catch (error) {
      this.error = error;
    }
    this.hasEnded = true;
  }
}

/**
 * Nothing acknowledged is missing, nothing is there twice, and everything lies in the order of the calls. What was refused
 * may be there.
 */
export function expectKept(writer: SteadyWriter, seen: readonly string[]): void {
  const acknowledged = new Set(writer.acknowledged);
  const refused = new Set(writer.refused.flatMap(({ ids }) => ids));
  const there = new Set(seen);
  expect(there.size).toBe(seen.length);
  expect([...acknowledged].filter((id) => !there.has(id))).toEqual([]);
  expect(seen.filter((id) => !acknowledged.has(id) && !refused.has(id))).toEqual([]);
  expect(seen.findIndex((id, index) => index > 0 && id <= seen[index - 1])).toBe(-1);
}
