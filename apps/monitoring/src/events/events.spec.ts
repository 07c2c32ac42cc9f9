import type { PublishResult } from '@distributary/contracts';
import {
  type AwaitedTopics,
  DistributionError,
  type EventRecord,
  LOCAL_PRINCIPAL,
  noMetrics,
} from '@distributary/distribution-core';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import { SystemClock } from '@distributary/distribution-nest';
import { EventsService, IngestPublisher, Outbox } from '@distributary/distribution-service';
import { batchOfRecords, countingIds, InMemoryIngest, RecordingPublisher } from '../testing/published-events.js';
import { defaultSlowPolicy, defaultTopicOf, monitoringTopics } from './default-topics.js';
import { EventsController } from './events.controller.js';
import { monitoringEvents } from './event-form.js';
import { indexesOfType, storedEventOf } from './stored-event.js';

const metric = (eventId: string) => ({
  event_id: eventId,
  data_type: 'METRICS' as const,
  data: { metric_name: 'm', current_value: 1 },
  metadata: { source_service: 's' },
});

const allKnown: Pick<AwaitedTopics, 'run'> = { run: (_events, work) => work() };

function aDoor() {
  const ingest = new InMemoryIngest();
  const reader = monitoringEvents.reader({ clock: new FakeClock(), ids: countingIds, metrics: noMetrics });
  const service = new EventsService(
    new IngestPublisher(ingest, reader, allKnown),
    { run: (_bytes, work) => work() },
    new SystemClock(),
    reader,
  );
  const controller = new EventsController(service);
  const publish = async (...given: Parameters<EventsController['publish']>) =>
    JSON.parse((await controller.publish(...given)).toString()) as { readonly results: readonly PublishResult[] };
  return { ingest, door: { publish } };
}

describe('POST events', () => {
  it('lets others have their turn within a long call, and tells every problem of it', async () => {
    const { ingest, door } = aDoor();
    const many = Array.from({ length: 300 }, (_, index) => metric(`many-${index}`));
    const long = door.publish({ events: many }, {}, LOCAL_PRINCIPAL);
    await door.publish(metric('urgent'), {}, LOCAL_PRINCIPAL);
    expect(ingest.events.map(({ record }) => record.eventId)).toEqual(['urgent']);
    expect((await long).results).toHaveLength(300);
    const broken = {
      events: many.map((event, index) => (index % 200 === 0 ? { ...event, data_type: 'NONE' } : event)),
    };
    await expect(door.publish(broken, {}, LOCAL_PRINCIPAL)).rejects.toMatchObject({
      problems: [{ path: 'events[0].data_type' }, { path: 'events[200].data_type' }],
    });
  });

  it.each([
    ['one event', metric('a'), ['a']],
    ['a list', [metric('a'), metric('b')], ['a', 'b']],
    ['an object with events', { events: [metric('a')] }, ['a']],
  ])('takes %s', async (_name, body, ids) => {
    const { door } = aDoor();
    const { results } = await door.publish(body, {}, LOCAL_PRINCIPAL);
    expect(results.map((result) => result.event_id)).toEqual(ids);
    expect(results[0]).toMatchObject({ duplicate: false, topic: 'monitoring/metrics', partition: 0, epoch: 'e1' });
  });

  it('has no second effect for an event_id that it has seen', async () => {
    const { door, ingest } = aDoor();
    await door.publish(metric('a'), {}, LOCAL_PRINCIPAL);
    expect((await door.publish(metric('a'), {}, LOCAL_PRINCIPAL)).results[0].duplicate).toBe(true);
    expect(ingest.events).toHaveLength(1);
  });

  it.each([
    ['nothing', undefined, 'request.invalid'],
    ['a text', 'x', 'request.invalid'],
    ['an empty list', [], 'request.invalid'],
    ['events that are no list', { events: 1 }, 'request.invalid'],
    ['a broken event', [metric('a'), { data_type: 'METRICS' }], 'request.invalid'],
    ['too many', Array.from({ length: 1_001 }, (_, n) => metric(`${n}`)), 'payload.too_large'],
  ])('refuses %s, whole', async (_name, body, code) => {
    const { door, ingest } = aDoor();
    await expect(door.publish(body, {}, LOCAL_PRINCIPAL)).rejects.toMatchObject({ code });
    expect(ingest.events).toEqual([]);
  });

  it('publishes nothing when asked to publish nothing', async () => {
    const reader = monitoringEvents.reader({ clock: new FakeClock(), ids: countingIds, metrics: noMetrics });
    expect(await new IngestPublisher(new InMemoryIngest(), reader, allKnown).publish([])).toEqual([]);
  });
});

describe('the default topics', () => {
  it('cover every data type, with names that the broker can have', () => {
    const topics = monitoringTopics();
    expect(topics).toHaveLength(10);
    expect(new Set(topics.map((topic) => topic.brokerName)).size).toBe(10);
    expect(topics.map((topic) => topic.name)).toContain(defaultTopicOf('ALERTS', 'critical'));
    expect(monitoringTopics('acme')[0].brokerName).toBe('acme.monitoring.metrics');
  });

  it('conflate state and block events', () => {
    expect(['METRICS', 'SLO_STATUS', 'ALERTS', 'INCIDENTS', 'OTHER'].map(defaultSlowPolicy)).toEqual([
      'conflate',
      'conflate',
      'block',
      'block',
      'block',
    ]);
  });
});

describe('the outbox', () => {
  const unavailable = new DistributionError('broker.unavailable', 'away');

  it('keeps the order and tries again until the broker is back', async () => {
    const publisher = new RecordingPublisher();
    const clock = new FakeClock();
    const outbox = new Outbox(publisher, clock);
    publisher.failure = unavailable;
    outbox.add([metric('a')]);
    await outbox.flush();
    outbox.add([metric('b')]);
    expect(outbox.size).toBe(2);
    publisher.failure = undefined;
    clock.advance(1_000);
    await until('both', () => publisher.events.length === 2);
    expect(publisher.events.map((event) => event.event_id)).toEqual(['a', 'b']);
    expect(clock.pendingAlarms).toBe(0);
  });

  it('takes what is added while a flight lands', async () => {
    const publisher = new RecordingPublisher();
    const outbox = new Outbox(publisher, new FakeClock());
    for (let n = 0; n < 20; n++) {
      outbox.add([metric(`${n}`)]);
      for (let turns = 0; turns < n % 5; turns++) await Promise.resolve();
    }
    await until('all', () => publisher.events.length === 20);
  });

  it('reports what is refused and what does not fit', async () => {
    const publisher = new RecordingPublisher();
    const discarded: string[] = [];
    const outbox = new Outbox(publisher, new FakeClock(), {
      capacity: 2,
      onDiscard: (events, reason) => events.forEach((event) => discarded.push(`${reason} ${event.event_id}`)),
    });
    publisher.failure = unavailable;
    outbox.add([metric('a')]);
    await outbox.flush();
    outbox.add([metric('b'), metric('c')]);
    expect(discarded).toEqual(['full a']);
    publisher.failure = new DistributionError('topic.not_found', 'gone');
    await outbox.stop();
    expect(discarded).toEqual(['full a', 'refused b', 'refused c']);
    outbox.add([metric('d')]);
    expect(outbox.size).toBe(0);
  });

  it('gives up after its last try, without leaving a timer', async () => {
    const publisher = new RecordingPublisher();
    const clock = new FakeClock();
    publisher.failure = unavailable;
    const outbox = new Outbox(publisher, clock);
    outbox.add([metric('a')]);
    await outbox.stop();
    expect(clock.pendingAlarms).toBe(0);
    expect(outbox.size).toBe(1);
  });
});

describe('reading stored events', () => {
  it('survives what others wrote', () => {
    const value = (text: string) => storedEventOf(Buffer.from(text));
    expect(value('{')).toBeUndefined();
    expect(value('1')).toBeUndefined();
    expect(value('{"data":{},"metadata":{}}')).toBeUndefined();
    expect(value('{"data":null,"metadata":{},"event_id":"a","timestamp":"t"}')).toBeUndefined();
    expect(value('{"data":{},"metadata":{},"event_id":"a","timestamp":"t"}')).toBeDefined();
  });

  it('finds the events of a data type by their attribute', () => {
    const record = (eventId: string, dataType?: string): EventRecord => ({
      eventId,
      timeMicros: 1,
      routingKey: 'k',
      attributes: dataType === undefined ? {} : { data_type: dataType },
      value: Buffer.from('{}'),
    });
    const batch = batchOfRecords('t', [
      record('a', 'METRICS'),
      record('b'),
      record('c', 'ALERTS'),
      record('d', 'METRICS'),
    ]);
    expect(indexesOfType(batch, 'METRICS')).toEqual([0, 3]);
    expect(indexesOfType(batch, 'INCIDENTS')).toEqual([]);
    expect(indexesOfType(batchOfRecords('t', [record('a')]), 'METRICS')).toEqual([]);
  });
});
