import type { MonitoringEventInput } from '@distributary/contracts';
import { DistributionError, type DutyStanding, noMetrics } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { batchOf, RecordingPublisher } from '../testing/published-events.js';
import { Announcements } from './announcements.js';
import { DutyPublisher } from './duty-publisher.js';

const event = (id: string): MonitoringEventInput => ({
  event_id: id,
  data_type: 'ALERTS',
  data: { alert_id: id, severity: 'INFO' },
  metadata: { source_service: 'monitoring-distribution' },
});

function aWorker(standing: DutyStanding, capacity?: number) {
  const clock = new FakeClock();
  const duty = { standing };
  const told: (string | undefined)[] = [];
  const outbox = { add: (events: readonly MonitoringEventInput[]) => void told.push(...events.map((e) => e.event_id)) };
  const announcements = new Announcements({ duty, outbox, clock, metrics: noMetrics, capacity });
  return { clock, duty, told, announcements };
}

describe('announcements', () => {
  it('are told at once by whoever holds the duty, and kept by the others', () => {
    const [holder, other] = [aWorker('held'), aWorker('waiting')];
    for (const { announcements } of [holder, other]) announcements.add([event('a')], 's');
    expect([holder.told, other.told]).toEqual([['a'], []]);
    expect([holder.announcements.size, other.announcements.size]).toEqual([1, 1]);
  });

  it('are told by the successor only if the log does not show them', () => {
    const { clock, told, announcements } = aWorker('waiting');
    announcements.add([event('a'), event('b'), event('c')], 's');
    announcements.apply(batchOf(clock, event('b'), event('x')));
    announcements.taken();
    expect(told).toEqual(['a', 'c']);
    expect(['a', 'b'].map((id) => announcements.has(id))).toEqual([true, false]);
    announcements.apply(batchOf(clock, event('a'), event('c')));
    announcements.taken();
    expect(told).toEqual(['a', 'c']);
  });

  it('are forgotten when another has told the same differently', () => {
    const { told, announcements } = aWorker('waiting');
    announcements.add([event('a')], 'one');
    announcements.add([event('b')], 'two');
    announcements.forget('one');
    announcements.taken();
    expect(told).toEqual(['b']);
  });

  it('are bounded in number and time, the oldest go first', () => {
    const { clock, told, announcements } = aWorker('waiting', 2);
    announcements.add([event('a'), event('b'), event('c')], 's');
    clock.advance(400_000);
    announcements.add([event('d')], 's');
    clock.advance(400_000);
    announcements.taken();
    expect(told).toEqual(['d']);
    expect(announcements.size).toBe(1);
  });
});

describe('what is published for the holder of a duty', () => {
  it.each<[DutyStanding, string[] | string]>([
    ['held', ['a']],
    ['waiting', []],
    ['unsure', 'store.unavailable'],
  ])('is, while it is %s: %p', async (standing, expected) => {
    const publisher = new RecordingPublisher();
    const published = await new DutyPublisher({ standing }, publisher).publish([event('a')]).then(
      () => publisher.events.map(({ event_id: id }) => id),
      (error: unknown) => error instanceof DistributionError && error.retryable && error.code,
    );
    expect(published).toEqual(expected);
  });
});
