import { FakeClock } from '@distributary/distribution-core/testing';
import { aTrade, batchOf, batchOfRecords } from '../testing/published-events.js';
import { archiveRowOf } from './event-row.js';

describe('a row of the archive', () => {
  const record = batchOf(new FakeClock(), aTrade({ price: '0.123456789012345678', volume: 7 })).recordAt(0);
  const rowOf = (event: unknown) =>
    archiveRowOf(batchOfRecords('t', [{ ...record, value: Buffer.from(JSON.stringify(event)) }]), 0);
  const stored = JSON.parse(Buffer.from(record.value).toString()) as Record<string, unknown>;

  it('has the figures also of an event that a rule has taken other parts away from', () => {
    const { metadata: _metadata, routing: _routing, ...rest } = stored;
    expect(rowOf(rest)).toMatchObject({ symbol: 'AAPL', price: '0.123456789012345678', volume: 7n });
  });

  it('has no figures of what has none', () => {
    for (const event of [{ ...stored, data: 1 }, { ...stored, data: null }, [], 7]) {
      expect(rowOf(event)).toMatchObject({ symbol: 'AAPL', price: undefined, volume: undefined });
    }
  });
});
