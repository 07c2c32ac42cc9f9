import { type ClientClock, DistributaryError, type DistributaryClient } from 'distributary';
import type { ReplayedEvent } from './column-map.js';
import { pause } from './pacer.js';
import type { Tally } from './tally.js';

export interface ReplayedRow {
  readonly number: number;
  readonly event: ReplayedEvent;
}

const RETRY_MS = 1_000;
/** So long nothing may be taken, before it is given up. */
const PATIENCE_MS = 60_000;

/**
 * Publishes rows in their order. What the service cannot take now is sent again when it says, with the same ids, so that
 * nothing takes effect twice; rows that it refuses are noted, and the others of their batch go without them.
 */
export class Posting {
  constructor(
    private readonly client: Pick<DistributaryClient, 'publish'>,
    private readonly clock: ClientClock,
    private readonly tally: Tally,
    private readonly stop: AbortSignal,
  ) {}

  /**
   * False: it was told to stop before all were taken or refused. Rejects with what is wrong with more than single rows: no
   * permission, no such topic, nobody answers.
   */
  async send(rows: readonly ReplayedRow[]): Promise<boolean> {
    const begunAtMs = this.clock.monotonicMs();
    let left = rows;
    while (left.length > 0 && !this.stop.aborted) {
      try {
        const results = await this.client.publish(left.map(({ event }) => event));
        const duplicates = results.filter(({ duplicate }) => duplicate).length;
        this.tally.duplicates += duplicates;
        this.tally.published += left.length - duplicates;
        return true;
      } catch (error) {
        if (!(error instanceof DistributaryError)) throw error;
        if (!error.retryable) left = this.withoutRefused(left, error);
        else if (this.clock.monotonicMs() - begunAtMs >= PATIENCE_MS) throw error;
        else await pause(this.clock, error.retryAfterMs ?? RETRY_MS, this.stop);
      }
    }
    return left.length === 0;
  }

  private withoutRefused(rows: readonly ReplayedRow[], error: DistributaryError): readonly ReplayedRow[] {
    const rules = new Map<number, string[]>();
    for (const { path, rule } of error.problems) {
      const [, index, field] = /^events\[(\d+)\]\.?(.*)$/.exec(path) ?? [];
      if (index === undefined) continue;
      const found = rules.get(Number(index)) ?? [];
      rules.set(Number(index), [...found, `${field} ${rule}`.trim()]);
    }
    if (rules.size === 0) throw error;
    return rows.filter(({ number }, index) => {
      const broken = rules.get(index);
      if (broken !== undefined) this.tally.refuse({ row: number, rules: broken });
      return broken === undefined;
    });
  }
}
