import { acquireStoredRight, type StoredRight } from '../../duties/stored-right.js';
import { type LaneName, laneName } from '../../lane.js';
import { pause } from '../../pause.js';
import type { Clock } from '../../ports/clock.port.js';
import type { CursorStore } from '../../ports/cursor-store.port.js';
import type { LanePosition, Position } from '../../position.js';

export interface SpreadKeeperOptions {
  readonly subscriptionId: string;
  /** Of this process. */
  readonly ownerId: string;
  readonly termMs: number;
  readonly cursors: CursorStore;
  readonly clock: Clock;
  /** Up to where everything is acknowledged, as the broker has it. */
  positions(): Promise<readonly LanePosition[]>;
  /** Brings dead letters back from now on; the returned function ends it. */
  attachReplays(): Promise<(() => void) | undefined>;
}

const RETRY_MS = 1_000;
/** What is stored is for those who look on, and for a place to begin if the broker should lose the subscription. */
const STORE_MS = 5_000;

/**
 * What one of the processes that receive a spread subscription does for all of them, by the right to it: it brings its
 * dead letters back, and writes down how far it is. After a death another one does it within the term and a second.
 */
export class SpreadKeeper {
  private readonly stopping = new AbortController();
  private readonly stored = new Map<LaneName, Position>();
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: SpreadKeeperOptions) {}

  start(): void {
    this.ended = this.run();
  }

  /** Stores how far it is, if that is for this process to do, and gives the right up. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.ended;
  }

  private async run(): Promise<void> {
    const { subscriptionId, ownerId, termMs, cursors, clock } = this.options;
    const { signal } = this.stopping;
    while (!signal.aborted) {
      const asked = { ownership: cursors, clock, ownerId, termMs };
      // A store that does not answer now is asked again.
      const right = await acquireStoredRight(subscriptionId, asked).catch(() => 'taken' as const);
      if (right !== 'taken') await this.keep(right).catch(() => undefined);
      await pause(clock, RETRY_MS, signal);
    }
  }

  private async keep(right: StoredRight): Promise<void> {
    const { clock, attachReplays } = this.options;
    const over = AbortSignal.any([this.stopping.signal, right.signal]);
    let endReplays: (() => void) | undefined;
    try {
      endReplays = await attachReplays();
      while (!over.aborted) {
        await pause(clock, STORE_MS, over);
        if (!right.signal.aborted) await this.store(right).catch(() => undefined);
      }
    } finally {
      endReplays?.();
      await right.release();
    }
  }

  private async store(right: StoredRight): Promise<void> {
    const positions = await this.options.positions();
    const moved = positions.filter((at) => this.stored.get(laneName(at)) !== at.position);
    if (moved.length === 0) return;
    if ((await this.options.cursors.store(right.held, moved)) === 'stale') return;
    for (const at of moved) this.stored.set(laneName(at), at.position);
  }
}
