import type { Principal } from '@distributary/distribution-core';
import { FakeClock, settle } from '@distributary/distribution-core/testing';
import { MAX_RECEIPTS, ReceiptSchedule } from './receipt-schedule.js';

interface Receipt {
  readonly tenant: string;
  readonly n: number;
}

describe('the schedule of receipts', () => {
  it('publishes each tenant its own, so many at a time, and goes on when one cannot be published', async () => {
    const clock = new FakeClock();
    const published: [string, number][] = [];
    const warned: unknown[] = [];
    let waiting: Receipt[] = [
      { tenant: 'away', n: 0 },
      ...Array.from({ length: MAX_RECEIPTS + 1 }, (_, n) => ({ tenant: 'acme', n })),
    ];
    const schedule = new ReceiptSchedule<Receipt>({
      take: () => waiting.splice(0),
      publish: async (receipts, { tenant }: Principal) => {
        if (tenant === 'away') throw new Error('no such topic');
        published.push([tenant, receipts.length]);
      },
      clock,
      intervalMs: 1_000,
      log: { warn: (event) => void warned.push(event) },
    });
    schedule.start();
    clock.advance(1_000);
    await settle(clock);
    expect(published).toEqual([
      ['acme', MAX_RECEIPTS],
      ['acme', 1],
    ]);
    expect(warned).toEqual(['schedule.failed']);
    waiting = [{ tenant: 'acme', n: 1 }];
    clock.advance(1_000);
    await settle(clock);
    expect(published).toHaveLength(3);
    await schedule.stop();
  });
});
