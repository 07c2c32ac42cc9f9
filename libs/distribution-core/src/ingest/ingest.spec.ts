import { DistributionError } from '../errors/distribution-error.js';
import type { Appended, LaneAppend } from '../ports/log.port.js';
import { type Labels, type Metrics, noMetrics } from '../ports/metrics.port.js';
import { partitionOf } from '../routing/partition.js';
import { anEvent, type EventOptions } from '../testing/builders.js';
import { FakeClock } from '../testing/fake-clock.js';
import { InMemoryLog } from '../testing/in-memory-log.js';
import { Ingest, type IngestLimits, type IngestTopic, type TopicProblem } from './ingest.js';

const TOPICS: Record<string, IngestTopic> = {
  quotes: { brokerName: 'b.quotes', partitions: 4, enabled: true, origin: 'ingested', conflationKey: 'routing_key' },
  trades: { brokerName: 'b.trades', partitions: 1, enabled: true, origin: 'ingested' },
  paused: { brokerName: 'b.paused', partitions: 1, enabled: false, origin: 'ingested' },
  foreign: { brokerName: 'foreign', partitions: 1, enabled: true, origin: 'external' },
};

/** The real in-memory log, whose appends can be held back or made to fail, and are counted. */
class GatedLog extends InMemoryLog {
  readonly calls: (readonly LaneAppend[])[] = [];
  gate: Promise<void> | undefined;

  override async append(appends: readonly LaneAppend[]): Promise<readonly Appended[]> {
    this.calls.push(appends);
    await this.gate;
    return super.append(appends);
  }
}

async function setUp(limits: Partial<IngestLimits> = {}, metrics: Metrics = noMetrics, topicProblem?: TopicProblem) {
  const clock = new FakeClock();
  const log = new GatedLog({ clock });
  await log.createTopic('b.quotes', 4, { ms: 0, bytes: 0 });
  await log.createTopic('b.trades', 1, { ms: 0, bytes: 0 });
  const topics = { find: (topic: string) => TOPICS[topic] };
  const ingest = new Ingest({ log, clock, metrics, limits, topics, topicProblem });
  return { clock, log, ingest };
}

const event = (topic: string, options: EventOptions) => ({ topic, record: anEvent(options) });

async function refusalOf(call: Promise<unknown>): Promise<DistributionError> {
  const error: unknown = await call.then(
    () => new Error('was not refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof DistributionError) return error;
  throw error;
}

describe('ingest', () => {
  it('appends a call at once, each event to the lane of its key, and says where each one lies', async () => {
    const { log, ingest } = await setUp();
    const outcomes = await ingest.publish([
      event('trades', { eventId: 'a', routingKey: 'AAPL.x' }),
      event('quotes', { eventId: 'b', routingKey: 'MSFT.x' }),
      event('trades', { eventId: 'c', routingKey: 'AAPL.y' }),
    ]);
    expect(log.calls).toHaveLength(1);
    expect(outcomes.map(({ eventId, duplicate }) => [eventId, duplicate])).toEqual([
      ['a', false],
      ['b', false],
      ['c', false],
    ]);
    expect(outcomes[1].lane).toMatchObject({ topic: 'b.quotes', partition: partitionOf('MSFT', 4) });
    const start = { topic: 'b.trades', partition: 0, after: '' };
    const [batch] = await log.read(start, 1e6);
    expect(batch.eventIds).toEqual(['a', 'c']);
    expect([outcomes[0].position, outcomes[2].position]).toEqual([batch.positions.at(0), batch.positions.at(1)]);
  });

  it('drops a copy and names the place of the first, for two minutes', async () => {
    const { clock, log, ingest } = await setUp();
    const [first] = await ingest.publish([event('trades', { eventId: 'a' })]);
    clock.advance(119_999);
    const [copy] = await ingest.publish([event('trades', { eventId: 'a' })]);
    expect(copy).toEqual({ ...first, duplicate: true });
    expect(log.calls).toHaveLength(1);
    clock.advance(1);
    const [later] = await ingest.publish([event('trades', { eventId: 'a' })]);
    expect(later.duplicate).toBe(false);
  });

  it('drops a copy within a call, and takes the same id on another topic', async () => {
    const { ingest } = await setUp();
    const outcomes = await ingest.publish([
      event('trades', { eventId: 'a' }),
      event('trades', { eventId: 'a' }),
      event('quotes', { eventId: 'a' }),
    ]);
    expect(outcomes.map(({ duplicate }) => duplicate)).toEqual([false, true, false]);
    expect(outcomes[1].position).toBe(outcomes[0].position);
  });

  it('lets a copy wait for an original that is still in flight, and share its fate', async () => {
    const { log, ingest } = await setUp();
    let open: () => void = () => undefined;
    let fail: (reason: Error) => void = () => undefined;
    log.gate = new Promise((resolve) => (open = resolve));
    const first = ingest.publish([event('trades', { eventId: 'a' })]);
    const copy = ingest.publish([event('trades', { eventId: 'a' })]);
    expect(log.calls).toHaveLength(1);
    open();
    expect((await copy)[0]).toEqual({ ...(await first)[0], duplicate: true });

    log.gate = new Promise((_, reject) => (fail = reject));
    const failing = ingest.publish([event('trades', { eventId: 'b' })]);
    const waiting = ingest.publish([event('trades', { eventId: 'b' })]);
    fail(new DistributionError('broker.unavailable', 'gone'));
    expect((await refusalOf(failing)).code).toBe('broker.unavailable');
    expect((await refusalOf(waiting)).code).toBe('broker.unavailable');
    log.gate = undefined;
    expect((await ingest.publish([event('trades', { eventId: 'b' })]))[0].duplicate).toBe(false);
  });

  it('refuses the same id with another routing key, and the whole call with it', async () => {
    const { log, ingest } = await setUp();
    await ingest.publish([event('trades', { eventId: 'a', routingKey: 'x' })]);
    const refusal = await refusalOf(
      ingest.publish([event('trades', { eventId: 'b' }), event('trades', { eventId: 'a', routingKey: 'y' })]),
    );
    expect(refusal.code).toBe('event.key_conflict');
    expect(refusal.problems[0].path).toBe('events[1].routing.routing_key');
    expect(log.calls).toHaveLength(1);
  });

  it('remembers no more ids than its limit', async () => {
    const { ingest } = await setUp({ maxRecentIds: 2 });
    for (const eventId of ['a', 'b', 'c']) await ingest.publish([event('trades', { eventId })]);
    expect((await ingest.publish([event('trades', { eventId: 'c' })]))[0].duplicate).toBe(true);
    expect((await ingest.publish([event('trades', { eventId: 'a' })]))[0].duplicate).toBe(false);
  });

  it('is busy while too many bytes wait for the broker', async () => {
    const labels: (Labels | undefined)[] = [];
    const metrics = {
      ...noMetrics,
      counter: (_: string, __: string, given?: Labels) => (labels.push(given), { add: () => undefined }),
    };
    const { log, ingest } = await setUp({ maxPendingBytes: 700, retryAfterMs: 50 }, metrics);
    let open: () => void = () => undefined;
    log.gate = new Promise((resolve) => (open = resolve));
    const first = ingest.publish([event('trades', { eventId: 'a' }), event('trades', { eventId: 'b' })]);
    const refusal = await refusalOf(ingest.publish([event('trades', { eventId: 'c' })]));
    expect([refusal.code, refusal.retryAfterMs, refusal.retryable]).toEqual(['ingest.busy', 50, true]);
    open();
    await first;
    await ingest.publish([event('trades', { eventId: 'c' })]);
    const tooMuch = ['d', 'e', 'f'].map((eventId) => event('trades', { eventId }));
    expect((await refusalOf(ingest.publish(tooMuch))).code).toBe('payload.too_large');
  });

  it('names every topic that is not there or not enabled', async () => {
    const { ingest } = await setUp();
    const refusal = await refusalOf(ingest.publish([event('nowhere', {}), event('trades', {}), event('paused', {})]));
    expect(refusal.code).toBe('topic.not_found');
    expect(refusal.problems).toEqual([
      { path: 'events[0].routing.topic', rule: 'must be a known topic' },
      { path: 'events[2].routing.topic', rule: 'must be an enabled topic' },
    ]);
  });

  it('names every event that the service will not have in its topic, and appends none of the call', async () => {
    const topicProblem: TopicProblem = ({ attributes }, { conflationKey = 'none' }) =>
      attributes.isState === true || conflationKey === 'none' ? undefined : 'must be state';
    const { log, ingest } = await setUp({}, noMetrics, topicProblem);
    const state = event('quotes', { eventId: 'a', attributes: { isState: true } });
    const refusal = await refusalOf(
      ingest.publish([state, event('quotes', { eventId: 'b' }), event('trades', { eventId: 'c' })]),
    );
    expect([refusal.code, refusal.problems]).toEqual([
      'request.invalid',
      [{ path: 'events[1].routing.topic', rule: 'must be state' }],
    ]);
    expect(log.calls).toEqual([]);
    expect(await ingest.publish([state, event('trades', { eventId: 'c' })])).toHaveLength(2);
  });

  it('refuses an event that is too large', async () => {
    const { ingest } = await setUp({ maxEventBytes: 10 });
    const refusal = await refusalOf(ingest.publish([event('trades', { value: 'x'.repeat(20) })]));
    expect([refusal.code, refusal.problems[0].path]).toEqual(['payload.too_large', 'events[0]']);
  });

  it.each<[string, string, EventOptions]>([
    ['foreign', 'routing.topic', {}],
    ['trades', 'event_id', { eventId: '' }],
    ['trades', 'event_id', { eventId: 'x'.repeat(201) }],
    ['trades', 'routing.routing_key', { routingKey: '' }],
    ['trades', 'timestamp', { timeMicros: Number.NaN }],
    ['trades', 'attributes', { attributes: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`a${n}`, n])) }],
    ['trades', 'attributes.routing_key', { attributes: { routing_key: 'x' } }],
    ['trades', 'attributes.data.n', { attributes: { 'data.n': 1 } }],
    ['trades', 'attributes.', { attributes: { '': 1 } }],
    ['trades', 'attributes.a', { attributes: { a: 'x'.repeat(1025) } }],
    ['trades', 'attributes.a', { attributes: { a: Number.POSITIVE_INFINITY } }],
  ])('refuses on %s what is wrong with its %s', async (topic, path, options) => {
    const { ingest } = await setUp();
    const refusal = await refusalOf(ingest.publish([event(topic, options)]));
    expect([refusal.code, refusal.problems.map((problem) => problem.path)]).toEqual([
      'request.invalid',
      [`events[0].${path}`],
    ]);
  });

  it('has nothing to append for a call without events', async () => {
    const { log, ingest } = await setUp();
    expect(await ingest.publish([])).toEqual([]);
    expect(log.calls).toHaveLength(0);
  });
});
