import { type DailyDelivery, mergedDelivery } from '../delivery/statistics/daily-delivery.js';
import { DistributionError } from '../errors/distribution-error.js';
import type { DailyDeliveryQuery, DailyDeliveryStore, KeptDelivery } from '../ports/daily-delivery-store.port.js';

/** Forgets everything with the process. */
export class InMemoryDailyDeliveryStore implements DailyDeliveryStore {
  private readonly rows = new Map<string, DailyDelivery>();
  /** While true, no call succeeds. */
  isDown = false;

  async add(rows: readonly DailyDelivery[]): Promise<void> {
    this.check();
    for (const row of rows) {
      const key = `${row.topic}\n${row.day}`;
      const known = this.rows.get(key);
      this.rows.set(key, known === undefined ? row : mergedDelivery(known, row));
    }
  }

  async find({ tenant, topic, from, to, limit }: DailyDeliveryQuery): Promise<readonly KeptDelivery[]> {
    this.check();
    return [...this.rows.values()]
      .filter((row) => row.tenant === tenant && (topic === undefined || row.topic === topic))
      .filter(({ day }) => day >= from && day <= to)
      .sort((a, b) => (a.topic === b.topic ? (a.day < b.day ? -1 : 1) : a.topic < b.topic ? -1 : 1))
      .slice(0, limit)
      .map((row) => ({ ...row, firstDay: this.firstDayOf(row.topic) }));
  }

  async deleteBefore(day: string): Promise<number> {
    this.check();
    const old = [...this.rows].filter(([, row]) => row.day < day);
    for (const [key] of old) this.rows.delete(key);
    return old.length;
  }

  private firstDayOf(topic: string): string {
    return [...this.rows.values()]
      .filter((row) => row.topic === topic)
      .map(({ day }) => day)
      .sort()[0];
  }

  private check(): void {
    if (this.isDown) throw new DistributionError('store.unavailable', 'the store does not answer');
  }
}
