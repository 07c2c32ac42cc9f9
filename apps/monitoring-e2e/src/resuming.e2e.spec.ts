import { STREAM_DOORS } from './doors/all-doors.js';
import { type StreamDoor, subscribed } from './doors/door.js';
import { openEventSource, queryOf, sseDoor } from './doors/server-sent-events.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aMetric, aService, idsOf, type StoredEvent } from './events.js';
import { TestApp } from './harness.js';

/** What each key says, in the order of its arrival. */
function byKey(events: readonly StoredEvent[]): Map<string, unknown[]> {
  const sorted = new Map<string, unknown[]>();
  for (const { distribution, data } of events) {
    const key = distribution.routing_key;
    sorted.set(key, [...(sorted.get(key) ?? []), data.current_value]);
  }
  return sorted;
}

describe('a stream', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  describe.each(STREAM_DOORS)('over $name', (door) => {
    it('keeps the order of each key over several partitions', async () => {
      const service = aService();
      const keys = Array.from({ length: 12 }, (_, index) => `${service}-${index}.metric`);
      const reader = await subscribed(door, app, { services: [service], slow_policy: 'block' });
      const published = new Set<number>();
      for (let round = 0; round < 5; round++) {
        const events = keys.map((key) => aMetric(service, round, 'm', { routing: { routing_key: key } }));
        for (const { partition } of await app.publish(...events)) published.add(partition);
      }
      const received = byKey(await reader.record.events(60));
      expect([...received.keys()].sort()).toEqual([...keys].sort());
      for (const values of received.values()) expect(values).toEqual([0, 1, 2, 3, 4]);
      expect(published.size).toBeGreaterThan(1);
      await reader.close();
    });

    it('resumes with its cursor: nothing is missing, nothing comes twice', async () => {
      const service = aService();
      const sent = alerts(service, 30);
      const received: string[] = [];
      let start: { cursor: string } | undefined;
      for (const part of [sent.slice(0, 7), sent.slice(7, 8), sent.slice(8, 30)]) {
        // The first half comes while nobody is connected, but for the first time, when there is no cursor yet.
        const missed = start === undefined ? [] : part.slice(0, Math.ceil(part.length / 2));
        if (missed.length > 0) await app.publish(...missed);
        const reader = await subscribed(door, app, { ...alertsOf(service), start });
        const [{ recovered }] = reader.record.of('subscribed');
        expect(recovered).toBe(start === undefined ? 'none' : 'full');
        if (missed.length < part.length) await app.publish(...part.slice(missed.length));
        received.push(...idsOf(await reader.record.events(part.length)));
        start = { cursor: reader.record.cursor() };
        await reader.close();
      }
      expect(received).toEqual(idsOf(sent));
    });

    it('from the earliest event goes on live', async () => {
      const service = aService();
      const sent = alerts(service, 20);
      await app.publish(...sent.slice(0, 10));
      const reader = await subscribed(door, app, { ...alertsOf(service), start: 'earliest' });
      await app.publish(...sent.slice(10));
      expect(idsOf(await reader.record.events(20))).toEqual(idsOf(sent));
      await reader.close();
    });

    it('from a time begins with the events that the broker took after it', async () => {
      const service = aService();
      await app.publish(...alerts(service, 3));
      // Broker time has microseconds, the clock of this test milliseconds.
      const [before] = await app.publish(aMetric(aService()));
      expect(before.duplicate).toBe(false);
      const time = await nextMillisecond();
      const later = alerts(service, 3, 3);
      await app.publish(...later);
      const reader = await subscribed(door, app, { ...alertsOf(service), start: { time } });
      expect(idsOf(await reader.record.events(3))).toEqual(idsOf(later));
      await reader.close();
    });

    it('from the latest shows only what comes after', async () => {
      const service = aService();
      const earlier = await subscribed(door, app, { ...alertsOf(service), start: 'earliest' });
      await app.publish(...alerts(service, 3));
      // The latest is how far the gateway has read: over a network that may be a moment behind what was acknowledged.
      await earlier.record.events(3);
      await earlier.close();
      const reader = await subscribed(door, app, alertsOf(service));
      const later = alerts(service, 2, 3);
      await app.publish(...later);
      expect(idsOf(await reader.record.events(2))).toEqual(idsOf(later));
      await reader.close();
    });

    it('from a snapshot has the latest value of each key, then all that follows', async () => {
      const service = aService();
      const metric = (name: string, value: number) => aMetric(service, value, name);
      const earlier = await subscribed(webSocketDoor, app, { services: [service], slow_policy: 'block' });
      await app.publish(...[1, 2, 3].flatMap((value) => [metric('cpu', value), metric('memory', value * 10)]));
      // A snapshot is of what the gateway has read: over a network that may be a moment behind what was acknowledged.
      await earlier.record.events(6);
      await earlier.close();
      // Published meanwhile, so that a hole or a copy between the snapshot and the stream would show.
      const publishing = (async () => {
        for (let value = 4; value <= 20; value++) await app.publish(metric('cpu', value), metric('memory', value * 10));
      })();
      const reader = await door.open(app, {
        services: [service],
        data_types: ['METRICS'],
        start: 'snapshot',
        slow_policy: 'block',
      });
      expect(await reader.record.next('subscribed')).toMatchObject({ recovered: 'snapshot' });
      await publishing;
      const last = metric('cpu', 21);
      await app.publish(last);
      await untilSeen(reader, last.event_id);
      const events = reader.record.received();
      for (const [name, step] of [
        ['cpu', 1],
        ['memory', 10],
      ] as const) {
        const values = events
          .filter(({ data }) => data.metric_name === name)
          .map(({ data }) => Number(data.current_value));
        const [first] = values;
        expect(first).toBeGreaterThanOrEqual(3 * step);
        expect(values).toEqual(values.map((_, index) => first + index * step));
        expect(values[values.length - 1]).toBe(name === 'cpu' ? 21 : 200);
      }
      await reader.close();
    }, 30_000);
  });

  it('resumes after a restart of the service, through whatever door', async () => {
    const service = aService();
    const restarted = await TestApp.start();
    try {
      const readers = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, restarted, alertsOf(service))));
      const sent = alerts(service, 9);
      await restarted.publish(...sent.slice(0, 4));
      for (const { record } of readers) await record.events(4);
      const cursors = readers.map(({ record }) => record.cursor());
      await restarted.publish(...sent.slice(4, 6));
      await restarted.restart();
      for (const reader of readers) await reader.close();
      const later = await Promise.all(
        STREAM_DOORS.map((door, index) =>
          subscribed(door, restarted, { ...alertsOf(service), start: { cursor: cursors[index] } }),
        ),
      );
      await restarted.publish(...sent.slice(6));
      for (const { record, close } of later) {
        expect(record.of('subscribed')[0].recovered).toBe('full');
        expect(idsOf(await record.events(5))).toEqual(idsOf(sent.slice(4)));
        await close();
      }
    } finally {
      await restarted.stop();
    }
  }, 60_000);

  it.each([
    [webSocketDoor, sseDoor],
    [sseDoor, webSocketDoor],
    ...STREAM_DOORS.slice(2).flatMap((door): [StreamDoor, StreamDoor][] => [
      [door, webSocketDoor],
      [sseDoor, door],
    ]),
  ])('takes the cursor of $name', async (from, to) => {
    const service = aService();
    const sent = alerts(service, 10);
    const first = await subscribed(from, app, alertsOf(service));
    await app.publish(...sent.slice(0, 4));
    await first.record.events(4);
    const cursor = first.record.lastEventId ?? first.record.cursor();
    await first.close();
    await app.publish(...sent.slice(4, 7));
    const second = await subscribed(to, app, { ...alertsOf(service), start: { cursor } });
    await app.publish(...sent.slice(7));
    expect(idsOf(await second.record.events(6))).toEqual(idsOf(sent.slice(4)));
    await second.close();
  });

  it('resumes with Last-Event-ID, as browsers do, whatever its query says', async () => {
    const service = aService();
    const sent = alerts(service, 6);
    const query = queryOf({ ...alertsOf(service), start: 'earliest' });
    const first = await openEventSource(app, query);
    await app.publish(...sent.slice(0, 3));
    await first.record.events(3);
    const id = first.record.lastEventId as string;
    expect(id).toMatch(/^v1\./);
    await first.close();
    await app.publish(...sent.slice(3));
    const second = await openEventSource(app, query, { 'last-event-id': id });
    expect(idsOf(await second.record.events(3))).toEqual(idsOf(sent.slice(3)));
    expect(second.record.of('subscribed')[0].recovered).toBe('full');
    await second.close();
  });

  it.each(STREAM_DOORS)('over $name refuses a cursor that it never made', async (door) => {
    const reader = await door.open(app, { start: { cursor: 'v1.bm9uc2Vuc2U' } });
    const error = await reader.record.next('error');
    expect(error).toMatchObject({ code: 'request.invalid', errors: [{ path: 'start.cursor' }] });
    await reader.close();
  });
});

/** ISO 8601, after everything that was published before and before everything that comes. */
async function nextMillisecond(): Promise<string> {
  const now = Date.now();
  while (Date.now() <= now + 1) await new Promise((resolve) => setImmediate(resolve));
  return new Date(now + 1).toISOString();
}

async function untilSeen(
  { record }: { readonly record: { events(count: number): Promise<StoredEvent[]> } },
  id: string,
) {
  let count = 1;
  for (;;) {
    const events = await record.events(count);
    if (events.some((event) => event.event_id === id)) return;
    count = events.length + 1;
  }
}
