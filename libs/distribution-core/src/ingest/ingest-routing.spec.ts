import { noMetrics } from '../ports/metrics.port.js';
import type { Appended, LaneAppend } from '../ports/log.port.js';
import { brokerNameOf } from '../routing/broker-name.js';
import { EventRouter } from '../routing/rules/event-router.js';
import type { RoutingRule } from '../routing/rules/routing-rule.js';
import { RuleTable } from '../routing/rules/rule-table.js';
import { aRule } from '../testing/a-rule.js';
import { anEvent } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryLog } from '../testing/in-memory-log.js';
import { Ingest } from './ingest.js';

const TOPICS = ['in', 'a', 'b'];

class CountingLog extends InMemoryLog {
  appends: (readonly LaneAppend[])[] = [];
  override append(appends: readonly LaneAppend[]): Promise<readonly Appended[]> {
    this.appends.push(appends);
    return super.append(appends);
  }
}

async function anIngest(rules: readonly RoutingRule[]) {
  const clock = new FakeClock();
  const log = new CountingLog({ clock });
  for (const name of TOPICS) await log.createTopic(brokerNameOf(name), 2, { ms: 0, bytes: 0 });
  const topics = {
    find: (name: string) =>
      TOPICS.includes(name)
        ? { brokerName: brokerNameOf(name), partitions: 2, enabled: true, origin: 'ingested' as const }
        : undefined,
  };
  const router = new EventRouter({ topics, restate: (record) => record.value, metrics: noMetrics });
  router.use(RuleTable.compile(rules));
  const ingest = new Ingest({ log, topics, clock, metrics: noMetrics, router });
  const idsIn = async (topic: string) => {
    const ids: string[] = [];
    for (const partition of [0, 1]) {
      for (const batch of await log.read({ topic, partition, after: '' }, 1e6)) ids.push(...batch.eventIds);
    }
    return ids;
  };
  const publish = (...ids: string[]) =>
    ingest.publish(ids.map((eventId) => ({ topic: 'in', record: anEvent({ eventId, routingKey: 'k.x' }) })));
  return { clock, log, ingest, idsIn, publish, router };
}

const rule = (name: string, more: Partial<RoutingRule> = {}) =>
  aRule({ name, sourcePattern: 'in', targetTopic: 'a', ...more });

describe('ingest with rules', () => {
  it('puts an event and its copies into one append', async () => {
    const { log, publish, idsIn } = await anIngest([rule('1'), rule('2', { targetTopic: 'b' })]);
    await publish('x', 'y');
    expect(log.appends).toHaveLength(1);
    expect(log.appends[0].map(({ topic, records }) => [topic, records.length])).toEqual([
      ['in', 2],
      ['a', 2],
      ['b', 2],
    ]);
    expect(await idsIn('b')).toEqual(['x', 'y']);
  });

  it('answers with the place of the event itself, or with that of the copy that it became', async () => {
    const { publish, idsIn, router } = await anIngest([rule('1')]);
    expect((await publish('x'))[0].lane.topic).toBe('in');
    router.use(RuleTable.compile([rule('1', { mode: 'move' })]));
    expect((await publish('y'))[0].lane.topic).toBe('a');
    expect(await idsIn('in')).toEqual(['x']);
  });

  it('routes an event once, however often it is published, moved or not', async () => {
    const { publish, idsIn, router } = await anIngest([rule('1', { mode: 'move' })]);
    const [first] = await publish('x');
    const [again] = await publish('x');
    expect(again).toEqual({ ...first, duplicate: true });
    router.use(RuleTable.EMPTY);
    expect(await publish('x')).toEqual([{ ...first, duplicate: true }]);
    expect([await idsIn('in'), await idsIn('a')]).toEqual([[], ['x']]);
  });

  it('makes no copy of what is in the target already, and waits for it with the rest', async () => {
    const { publish, ingest, idsIn } = await anIngest([rule('1', { mode: 'move' })]);
    const direct = ingest.publish([{ topic: 'a', record: anEvent({ eventId: 'x', routingKey: 'k.x' }) }]);
    const [routed] = await publish('x');
    expect(routed).toMatchObject({ lane: { topic: 'a' }, duplicate: false, position: (await direct)[0].position });
    expect(await idsIn('a')).toEqual(['x']);
  });

  it('takes an event of the same call that names the target as the one that is there', async () => {
    const { ingest, idsIn } = await anIngest([rule('1')]);
    const record = anEvent({ eventId: 'x', routingKey: 'k.x' });
    await ingest.publish([
      { topic: 'in', record },
      { topic: 'a', record },
    ]);
    expect(await idsIn('a')).toEqual(['x']);
  });

  it('knows a copy when it is published to the target afterwards', async () => {
    const { publish, ingest } = await anIngest([rule('1', { routingKeyTemplate: 'other' })]);
    await publish('x');
    const again = (routingKey: string) =>
      ingest.publish([{ topic: 'a', record: anEvent({ eventId: 'x', routingKey }) }]);
    expect(await again('other')).toMatchObject([{ duplicate: true }]);
    await expect(again('k.x')).rejects.toMatchObject({ code: 'event.key_conflict' });
  });

  it('forgets all of it when the log fails, so that it can be published again', async () => {
    const { log, publish, idsIn } = await anIngest([rule('1', { mode: 'move' })]);
    log.setOutage(true);
    await expect(publish('x')).rejects.toMatchObject({ code: 'broker.unavailable' });
    log.setOutage(false);
    expect(await publish('x')).toMatchObject([{ duplicate: false }]);
    expect(await idsIn('a')).toEqual(['x']);
  });

  it('keeps the order of a call in each lane, copies included', async () => {
    const { publish, idsIn } = await anIngest([rule('1', { routingKeyTemplate: 'one' })]);
    const ids = Array.from({ length: 50 }, (_, n) => `e${n}`);
    await publish(...ids);
    expect(await idsIn('a')).toEqual(ids);
  });

  it('asks the router nothing while no rule looks at the topic', async () => {
    const { publish, router, log } = await anIngest([rule('1', { sourcePattern: 'b' })]);
    router.route = () => {
      throw new Error('asked');
    };
    await publish('x');
    expect(log.appends[0]).toHaveLength(1);
  });
});
