import { noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { anEvent, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { EgressShare } from './egress-share.js';
import { FanOut } from './fan-out.js';

const topicOf = (tenant: string): TopicDefinition => ({
  name: `@${tenant}/alerts`,
  tenant,
  brokerName: `${tenant}.alerts`,
  dataType: 'ALERTS',
  partitions: 1,
  retentionPolicy: '7d',
  enabled: true,
  origin: 'ingested',
  priority: 5,
  conflationKey: 'none',
  catalogVersion: 1,
  createdAtMicros: 0,
});

describe('a fan-out at its limit of egress', () => {
  const BUDGET = 100_000;
  const PADDING = 'x'.repeat(400);

  async function world() {
    const clock = new FakeClock();
    const log = new InMemoryLog({ clock });
    const fanOut = new FanOut({ log, clock, metrics: noMetrics });
    const sent = new Map<string, number>();
    const share = new EgressShare({
      clock,
      bytesPerSecond: BUDGET,
      quotaOf: () => undefined,
      onSent: (tenant, bytes) => sent.set(tenant, (sent.get(tenant) ?? 0) + bytes),
    });
    const topics = ['one', 'two'].map(topicOf);
    for (const topic of topics) await log.createTopic(topic.brokerName, 1, { ms: 0, bytes: 0 });
    await fanOut.setTopics(topics);
    fanOut.limitEgress(share);
    const subscribe = async (tenant: string) => {
      const outlet = new RecordingOutlet();
      const attached = fanOut.attach({
        subscriptionId: 's',
        selection: { topicPatterns: [`@${tenant}/#`], keyPatterns: [], filter: undefined },
        encoder: lineEncoder,
        outlet,
        policy: 'block',
        credit: Number.POSITIVE_INFINITY,
        maxRate: Number.POSITIVE_INFINITY,
        snapshot: false,
        startOf: async () => 'live',
        onAttached: () => undefined,
      });
      await settle(clock);
      const member = await attached;
      outlet.onRoom = () => fanOut.serve(member);
      await settle(clock);
      return outlet;
    };
    let published = 0;
    const publish = async (tenant: string, count: number) => {
      const records = Array.from({ length: count }, () => {
        const n = ++published;
        return anEvent({ eventId: `e${n}`, routingKey: 'k', value: { event_id: `e${n}`, n, padding: PADDING } });
      });
      await log.append([{ topic: `${tenant}.alerts`, partition: 0, records }]);
      await settle(clock);
    };
    const pass = async (ms: number) => {
      for (let passed = 0; passed < ms; passed += 10) {
        clock.advance(10);
        await settle(clock, 3);
      }
    };
    return { clock, fanOut, sent, subscribe, publish, pass };
  }

  it('sends each event once and in order, only later', async () => {
    const { fanOut, subscribe, publish, pass, sent } = await world();
    const outlet = await subscribe('one');
    for (let round = 0; round < 10; round++) await publish('one', 50);
    expect(outlet.numbers.length).toBeLessThan(500);
    await pass(4_000);
    expect(outlet.numbers).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
    expect(sent.get('one')).toBeGreaterThan(200_000);
    await fanOut.stop();
  });

  it('gives two tenants the same, however many feeds one of them has', async () => {
    const { fanOut, subscribe, publish, pass, sent } = await world();
    await subscribe('two');
    for (let index = 0; index < 20; index++) await subscribe('one');
    sent.clear();
    for (let round = 0; round < 100; round++) {
      await publish('one', 2);
      await publish('two', 40);
      await pass(100);
    }
    const [one, two] = ['one', 'two'].map((tenant) => sent.get(tenant) ?? 0);
    expect(one + two).toBeGreaterThan(BUDGET * 9);
    // What is left of the last flushes is still owed.
    expect(one + two).toBeLessThan(BUDGET * 18);
    expect(Math.abs(one - two)).toBeLessThan((one + two) * 0.25);
    await fanOut.stop();
  });

  it('keeps no more waiting than it may, and loses nothing by it', async () => {
    const { fanOut, subscribe, publish, pass } = await world();
    const outlet = await subscribe('one');
    for (let round = 0; round < 8; round++) {
      await publish('one', 500);
      await pass(10);
    }
    expect(fanOut.feedStatistics()[0].behind).toBe(1);
    fanOut.limitEgress(undefined);
    await pass(1_000);
    expect(outlet.numbers).toEqual(Array.from({ length: 4_000 }, (_, index) => index + 1));
    await fanOut.stop();
  });
});
