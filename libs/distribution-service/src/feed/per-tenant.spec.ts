import { decodeEventBatch, densePositions, encodeEventBatch } from '@distributary/distribution-core';
import type { FeedConsumer } from './event-feed.js';
import { PerTenant } from './per-tenant.js';

class Counting implements FeedConsumer {
  batches = 0;
  isReady = false;
  apply(): void {
    this.batches++;
  }
  ready(): void {
    this.isReady = true;
  }
}

const record = { eventId: 'e', timeMicros: 1, routingKey: 'k', attributes: {}, value: Buffer.from('{}') };
const batch = decodeEventBatch(
  { topic: 'x', partition: 0, epoch: 'e1' },
  densePositions(0, 1),
  encodeEventBatch([record], 0),
);

describe('state per tenant', () => {
  it('is built from the events of its own tenant', () => {
    const states = new PerTenant(new Counting(), () => new Counting());
    states.apply(batch, 'a');
    states.apply(batch, '@acme/a');
    states.apply(batch, '@acme/b');
    expect([states.of('default')?.batches, states.of('acme')?.batches, states.of('other')]).toEqual([1, 2, undefined]);
  });

  it('is whole when all that the log held was read, also for tenants that come later', () => {
    const states = new PerTenant(new Counting(), () => new Counting());
    states.apply(batch, '@acme/a');
    expect(states.of('acme')?.isReady).toBe(false);
    states.ready();
    states.apply(batch, '@late/a');
    expect([states.own, states.of('acme'), states.of('late')].map((state) => state?.isReady)).toEqual([
      true,
      true,
      true,
    ]);
  });

  it('is kept for so many tenants and no more', () => {
    const states = new PerTenant(new Counting(), () => new Counting(), 2);
    for (const tenant of ['a', 'b', 'c']) states.apply(batch, `@${tenant}/x`);
    expect(['a', 'b', 'c'].map((tenant) => states.of(tenant) !== undefined)).toEqual([false, true, true]);
    expect(states.of('default')).toBe(states.own);
  });
});
