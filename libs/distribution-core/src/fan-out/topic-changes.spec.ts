import { noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { anEvent, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';

const aTopic = (name: string, options: Partial<TopicDefinition> = {}): TopicDefinition => ({
  name,
  tenant: 'default',
  brokerName: name,
  dataType: 'METRICS',
  partitions: 1,
  retentionPolicy: '7d',
  enabled: true,
  origin: 'ingested',
  priority: 5,
  conflationKey: 'none',
  catalogVersion: 1,
  createdAtMicros: 0,
  ...options,
});

describe('a fan-out whose topics change', () => {
  const clock = new FakeClock();
  let log: InMemoryLog;
  let fanOut: FanOut;
  let outlet: RecordingOutlet;
  let n = 0;

  beforeEach(async () => {
    n = 0;
    log = new InMemoryLog({ clock });
    fanOut = new FanOut({ log, clock, metrics: noMetrics });
    for (const name of ['t/a', 't/b']) await log.createTopic(name, 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic('t/a'), aTopic('t/b')]);
    outlet = new RecordingOutlet();
  });
  afterEach(async () => {
    await fanOut.stop();
    await log.close();
  });

  const settled = async (ms = 2) => {
    await settle(clock, 4);
    clock.advance(ms);
    await settle(clock, 4);
  };
  const publish = async (topic: string, metric = 'cpu') => {
    n++;
    const record = anEvent({ eventId: `e${n}`, attributes: { metric }, value: { n } });
    await log.append([{ topic, partition: 0, records: [record] }]);
    await settled();
  };
  const attach = async (snapshot = false) => {
    const attached = fanOut.attach({
      subscriptionId: 's',
      selection: { topicPatterns: ['t/#'], keyPatterns: [], filter: undefined },
      encoder: lineEncoder,
      outlet,
      policy: 'block',
      credit: Number.POSITIVE_INFINITY,
      maxRate: Number.POSITIVE_INFINITY,
      snapshot,
      startOf: () => Promise.resolve('live'),
      onAttached: (_member, positions) => outlet.send({ type: 'subscribed', payload: { positions } }),
    });
    await settled();
    return attached;
  };

  it('ends the lanes of a topic that is gone, after all that they held, with a gap that says so', async () => {
    const member = await attach();
    await publish('t/a');
    await fanOut.setTopics([aTopic('t/b')]);
    expect(outlet.of('gap')).toMatchObject([{ id: 's', lane: 't/a#0', reason: 'deleted' }]);
    expect(outlet.of('gap')[0].from).toBe(outlet.of('gap')[0].to);
    await publish('t/a');
    await publish('t/b');
    expect(outlet.numbers).toEqual([1, 3]);
    expect(member.positions().map(({ topic }) => topic)).toEqual(['t/b']);
    expect(fanOut.membersByLane()).toEqual(new Map([['t/b#0', 1]]));
  });

  // It was sent the flush that its feed still kept, after the gap.
  it('tells a reader that is behind what it misses of such a topic', async () => {
    const member = await attach();
    outlet.setLimit(10);
    outlet.confirms = false;
    await publish('t/a');
    await publish('t/a');
    expect(member.state).toBe('behind');
    await fanOut.setTopics([aTopic('t/b')]);
    const [gap] = outlet.of('gap');
    expect(gap).toMatchObject({ lane: 't/a#0', reason: 'deleted' });
    expect(String(gap.from) < String(gap.to)).toBe(true);
    outlet.confirms = true;
    outlet.setLimit(10_000);
    outlet.confirm();
    fanOut.serve(member);
    await publish('t/b');
    expect(outlet.numbers).toEqual([1, 3]);
  });

  it('takes a topic that is made anew under the name for another one', async () => {
    await attach();
    await publish('t/a');
    await log.deleteTopic('t/a');
    await log.createTopic('t/a', 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics([aTopic('t/a', { catalogVersion: 2 }), aTopic('t/b')]);
    await publish('t/a');
    const epochs = outlet.of('data').map(({ epoch }) => epoch);
    expect(new Set(epochs).size).toBe(2);
    expect(outlet.numbers).toEqual([1, 2]);
  });

  it('sorts what it remembers by a conflation key that is given later, and forgets it with the key', async () => {
    await attach();
    await publish('t/a', 'cpu');
    await publish('t/a', 'cpu');
    await publish('t/a', 'memory');
    const latest = () => [...fanOut.lastValues.entries()].map(({ record }) => record.eventId);
    expect(latest()).toEqual([]);
    await fanOut.setTopics([aTopic('t/a', { conflationKey: { attributes: ['metric'] } }), aTopic('t/b')]);
    expect(latest()).toEqual(['e2', 'e3']);
    await fanOut.setTopics([aTopic('t/a', { conflationKey: 'none' }), aTopic('t/b')]);
    expect(latest()).toEqual([]);
  });

  it('writes by a priority that is given later', async () => {
    await attach();
    await fanOut.setTopics([aTopic('t/a'), aTopic('t/b', { priority: 1 })]);
    const one = (topic: string) => ({ topic, partition: 0, records: [anEvent({ eventId: topic, value: { n: ++n } })] });
    await log.append([one('t/a'), one('t/b')]);
    await settled();
    expect(outlet.of('data').map(({ lane }) => lane)).toEqual(['t/b#0', 't/a#0']);
  });

  it('takes no member’s place that has left', async () => {
    const member = await attach();
    fanOut.detach(member);
    const again = fanOut.attach({
      subscriptionId: 's',
      selection: { topicPatterns: ['t/#'], keyPatterns: [], filter: undefined },
      encoder: lineEncoder,
      outlet,
      policy: 'block',
      credit: 1,
      maxRate: 1,
      snapshot: false,
      startOf: () => Promise.resolve('live'),
      replaces: member,
      onAttached: () => undefined,
    });
    await expect(again).rejects.toMatchObject({ code: 'subscription.not_found' });
    expect(fanOut.feedStatistics()).toEqual([]);
  });
});
