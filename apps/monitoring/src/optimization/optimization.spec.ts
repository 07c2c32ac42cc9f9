import type { MonitoringEventInput } from '@distributary/contracts';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { RecordingPublisher } from '../testing/published-events.js';
import { type DistributionTraffic, findingsOf } from './finding.js';
import { OptimizationPublisher } from './optimization-publisher.js';

const traffic = (change: Partial<DistributionTraffic> = {}): DistributionTraffic => ({
  lanes: [],
  readers: { total: 0, slow: 0 },
  selections: [],
  ...change,
});

const lanes = (...events: number[]) => events.map((count, partition) => ({ topic: 't', partition, events: count }));

describe('a finding', () => {
  it('names a hot lane with the numbers of the window, not of the whole past', () => {
    const before = traffic({ lanes: lanes(0, 50_000) });
    const [finding] = findingsOf(before, traffic({ lanes: lanes(900, 50_100) }), 30_000);
    expect(finding).toMatchObject({
      findingId: 'hot_lane:t#0',
      explanation: 'Lane 0 of t took 900 of 1000 events (90 %) in the last 30 s, though the topic has 2 lanes.',
      evidence: { lanes: 2, events: 1_000, hottest_lane_events: 900, share: 0.9 },
    });
  });

  it.each([
    ['the load is even', lanes(0, 0), lanes(1_000, 900)],
    ['there are too few events', lanes(0, 0), lanes(900, 0)],
    ['there is one lane only', lanes(0), lanes(5_000)],
    ['nothing happened', lanes(5_000, 0), lanes(5_000, 0)],
  ])('is not made up when %s', (_why, before, now) => {
    expect(findingsOf(traffic({ lanes: before }), traffic({ lanes: now }), 30_000)).toEqual([]);
  });

  it('takes a counter that began anew for what it is', () => {
    const [finding] = findingsOf(traffic({ lanes: lanes(9_999, 9_999) }), traffic({ lanes: lanes(5_000, 10) }), 1);
    expect(finding.evidence.hottest_lane_events).toBe(5_000);
  });

  it('tells of slow readers if they are many, and a share that matters', () => {
    const ofReaders = (slow: number, total: number) => findingsOf(traffic(), traffic({ readers: { slow, total } }), 1);
    expect(ofReaders(3, 10)[0]).toMatchObject({ kind: 'slow_readers', evidence: { share: 0.3 } });
    expect([ofReaders(2, 2), ofReaders(3, 100), ofReaders(0, 0)]).toEqual([[], [], []]);
  });

  it('tells of a selection that gets nothing, after many events', () => {
    const selection = { id: '7', description: 'monitoring/alrts/#', subscriptions: 2, examined: 200_000, matched: 0 };
    const selections = [selection, { ...selection, id: '8', matched: 1 }, { ...selection, id: '9', examined: 10 }];
    const found = findingsOf(traffic(), traffic({ selections }), 1);
    expect(found.map((finding) => finding.findingId)).toEqual(['idle_selection:7']);
    expect(found[0].explanation).toContain('monitoring/alrts/#');
  });
});

describe('the optimization publisher', () => {
  function aPublisher(capacity?: number) {
    const clock = new FakeClock();
    const published: MonitoringEventInput[] = [];
    let readers = { total: 10, slow: 5 };
    let looks = 0;
    const source = {
      traffic: () => {
        looks++;
        return traffic({
          readers,
          selections: [{ id: 's', description: 'd', subscriptions: 1, examined: 0, matched: 0 }],
        });
      },
    };
    const publisher = new OptimizationPublisher(source, { add: (events) => void published.push(...events) }, clock, {
      sourceWord: 'node-1-api',
      ...(capacity === undefined ? {} : { capacity }),
    });
    const look = async () => {
      const before = looks;
      await until('a look', () => {
        if (looks === before) clock.advance(30_000);
        return looks > before;
      });
    };
    const setSlow = (slow: number) => {
      readers = { total: 10, slow };
    };
    return { clock, published, publisher, look, setSlow };
  }
  const statuses = (published: MonitoringEventInput[]) => published.map((event) => event.data.status);

  it('tells a finding when it is confirmed and when it has ended, not in between', async () => {
    const { clock, published, publisher, look, setSlow } = aPublisher();
    publisher.start();
    await look();
    await look();
    expect(published).toEqual([]);
    for (let n = 0; n < 5; n++) await look();
    expect(statuses(published)).toEqual(['open']);
    expect(publisher.open()).toHaveLength(1);
    setSlow(0);
    await look();
    setSlow(5);
    await look();
    setSlow(0);
    await look();
    expect(statuses(published)).toEqual(['open']);
    await look();
    expect(statuses(published)).toEqual(['open', 'ended']);
    expect(publisher.open()).toEqual([]);
    await publisher.stop();
    expect(clock.pendingAlarms).toBe(0);
    await expect(new RecordingPublisher().publish(published)).resolves.toEqual([]);
  });

  it('forgets what was seen only once, and holds no more than it may', async () => {
    const once = aPublisher();
    once.publisher.start();
    await once.look();
    await once.look();
    once.setSlow(0);
    await once.look();
    await once.look();
    await once.publisher.stop();
    expect(once.published).toEqual([]);

    const none = aPublisher(0);
    none.publisher.start();
    for (let n = 0; n < 4; n++) await none.look();
    await none.publisher.stop();
    expect(none.published).toEqual([]);
  });
});
