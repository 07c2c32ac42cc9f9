import { monotonicMicros } from './monotonic-clock.js';
import { errorsOf, Receipts } from './receipts.js';

const aMessage = (...stamps: number[]) => ({
  count: stamps.length,
  stamps: Float64Array.from(stamps),
  sequences: Float64Array.from(stamps, (_, index) => 100 + index),
});

describe('receipts', () => {
  it('count what comes within the window, and one event of each message stands for all of them', () => {
    const receipts = new Receipts();
    const now = monotonicMicros();
    receipts.take(aMessage(now), 10, 0);
    expect(receipts).toMatchObject({ deliveries: 0, messages: 0 });
    receipts.measure({ fromMicros: now - 1e6, toMicros: now + 60e6 });
    // Due before the window: it is delivered in it, but its latency is of another time.
    receipts.take(aMessage(now - 2e6), 10, 0);
    receipts.take(aMessage(now - 5e5, now - 4e5, now - 3e5), 30, 4);
    expect(receipts).toMatchObject({ deliveries: 4, messages: 2, bytes: 40 });
    expect(receipts.samples).toEqual(Float64Array.of(101, receipts.lastMicros, 3));
    expect(receipts.latencies.p50).toBeGreaterThanOrEqual(399);
    expect(receipts.latencies.max).toBeLessThan(2_000);
  });

  it('are waited for until they are complete, or nothing comes any more', async () => {
    const receipts = new Receipts();
    let looks = 0;
    await receipts.untilComplete(() => ++looks === 2, 60_000);
    expect(looks).toBe(2);
    await receipts.untilComplete(() => false, 1);
  });
});

describe('errors of many connections', () => {
  it('are the first five different ones', () => {
    const connections = ['a', undefined, 'a', 'b', 'c', 'd', 'e', 'f'].map((lastError) => ({ lastError }));
    expect(errorsOf(connections)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });
});
