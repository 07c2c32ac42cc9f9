import fc from 'fast-check';
import { isAtLeast, isReadableFor, logTopic, pulsarRetention, topicOf } from './pulsar-topic.js';

describe('a topic of Pulsar', () => {
  it('is ours with what we noted about it', () => {
    const properties = {
      'distributary.epoch': 'e1',
      'distributary.retention': '1000,5000',
      'distributary.first-ledgers': '5,7',
    };
    const topic = topicOf('orders', { partitions: 2, properties });
    expect(topic).toMatchObject({ epoch: 'e1', firstLedgers: [5, 7], isOurs: true });
    expect(topic && logTopic(topic)).toEqual({
      name: 'orders',
      partitions: 2,
      retention: { ms: 1000, bytes: 5000 },
      lanes: [0, 1].map((partition) => ({ topic: 'orders', partition, epoch: 'e1' })),
    });
  });

  it('is not there while it is being made, nor without partitions', () => {
    expect(topicOf('half', { partitions: 1, properties: { 'distributary.epoch': 'e1' } })).toBeUndefined();
    expect(topicOf('plain', { partitions: 0 })).toBeUndefined();
  });

  it('that others made is used, and not ours', () => {
    expect(topicOf('theirs', { partitions: 1, properties: null })).toMatchObject({ epoch: 'foreign', isOurs: false });
  });

  it('keeps at least as much as was asked for', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (ms, bytes) => {
        const { retentionTimeInMinutes, retentionSizeInMB } = pulsarRetention({ ms, bytes });
        expect(retentionTimeInMinutes === -1 || retentionTimeInMinutes * 60_000 >= ms).toBe(true);
        expect(retentionTimeInMinutes === -1).toBe(ms === 0);
        expect(retentionSizeInMB === -1 || retentionSizeInMB * 1024 ** 2 >= bytes).toBe(true);
        // 0 would be "keep nothing".
        expect([retentionTimeInMinutes, retentionSizeInMB]).not.toContain(0);
      }),
    );
  });

  it.each([
    [{ ms: 0, bytes: 0 }, { ms: 60_000, bytes: 1 }, true],
    [{ ms: 60_000, bytes: 0 }, { ms: 0, bytes: 0 }, false],
    [{ ms: 60_000, bytes: 0 }, { ms: 120_000, bytes: 0 }, false],
    [{ ms: 120_000, bytes: 0 }, { ms: 60_000, bytes: 0 }, true],
  ])('that keeps %j covers %j: %s', (kept, wanted, covers) => {
    expect(isAtLeast(pulsarRetention(kept), pulsarRetention(wanted))).toBe(covers);
  });

  it.each([
    [0, 0, true],
    [3_600, 0, false],
    [3_600, 3_600_000, true],
    [3_600, 3_600_001, false],
  ])('whose messages live for %d s (0: for ever) gives them to readers for %d ms: %s', (ttlSeconds, ms, isGiven) => {
    expect(isReadableFor(ttlSeconds, { ms, bytes: 0 })).toBe(isGiven);
  });
});
