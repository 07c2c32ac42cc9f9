import { sseDoor } from './doors/server-sent-events.js';
import { subscribed } from './doors/door.js';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { alertsOf, aMetric, anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

const EVENTS = '/api/v1/monitoring/events';

describe('publishing', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it.each([
    ['one event', (events: readonly object[]) => events[0], 1],
    ['a list', (events: readonly object[]) => events, 2],
    ['{ events }', (events: readonly object[]) => ({ events }), 2],
  ])('takes %s', async (_what, bodyOf, count) => {
    const service = aService();
    const reader = await subscribed(sseDoor, app, alertsOf(service));
    const events = [anAlert(service), anAlert(service)];
    const { status, body } = await app.post(EVENTS, bodyOf(events));
    expect(status).toBe(202);
    expect(body.results).toHaveLength(count);
    expect(body.results).toEqual(
      expect.arrayContaining([
        {
          event_id: events[0].event_id,
          duplicate: false,
          topic: 'monitoring/alerts/critical',
          partition: expect.any(Number),
          epoch: expect.any(String),
          position: expect.any(String),
        },
      ]),
    );
    expect(idsOf(await reader.record.events(count))).toEqual(idsOf(events.slice(0, count)));
    await reader.close();
  });

  it('takes an event once, however often it is sent', async () => {
    const service = aService();
    const readers = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, app, alertsOf(service))));
    const event = anAlert(service);
    const [first, again] = [await app.publish(event), await app.publish(event, event)];
    expect(first).toMatchObject([{ duplicate: false }]);
    expect(again).toMatchObject([{ duplicate: true }, { duplicate: true }]);
    expect(again[0]).toMatchObject({ partition: first[0].partition, position: first[0].position });
    const last = anAlert(service);
    await app.publish(last);
    for (const reader of readers) {
      expect(idsOf(await reader.record.events(2))).toEqual(idsOf([event, last]));
      await reader.close();
    }
  });

  it('makes up an id and a time for an event that has none', async () => {
    const { event_id: _, ...event } = anAlert(aService());
    const [one, other] = await app.publish(event, event);
    expect(one.event_id).not.toBe(other.event_id);
    expect([one.duplicate, other.duplicate]).toEqual([false, false]);
  });

  it('refuses an id that comes again with another routing key', async () => {
    const event = anAlert(aService());
    await app.publish(event);
    const { status, body, headers } = await app.post(EVENTS, { ...event, routing: { routing_key: 'other.key' } });
    expect(status).toBe(409);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({ status: 409, code: 'event.key_conflict' });
  });

  it('lists every problem of every event, each with its path', async () => {
    const service = aService();
    const { status, body, headers } = await app.post(EVENTS, [
      anAlert(service),
      { ...anAlert(service), data_type: 'WEATHER' },
      { ...aMetric(service), timestamp: 'yesterday', metadata: {}, routing: { priority: 12, routing_key: 'a.*' } },
    ]);
    expect(status).toBe(400);
    expect(headers.get('content-type')).toContain('application/problem+json');
    expect(body).toMatchObject({
      type: 'urn:distributary:problem:request.invalid',
      status: 400,
      code: 'request.invalid',
      trace_id: headers.get('x-trace-id'),
    });
    const paths = (body.errors as { path: string }[]).map(({ path }) => path);
    expect(paths.sort()).toEqual([
      'events[1].data_type',
      'events[2].metadata.source_service',
      'events[2].routing.priority',
      'events[2].routing.routing_key',
      'events[2].timestamp',
    ]);
  });

  it('stores nothing of a call that it refuses', async () => {
    const service = aService();
    const good = anAlert(service);
    await app.post(EVENTS, [good, { ...anAlert(service), data_type: 'WEATHER' }]);
    expect(await app.publish(good)).toMatchObject([{ duplicate: false }]);
  });

  it.each([
    ['nothing', []],
    ['an empty { events }', { events: [] }],
    ['{ events } that is no list', { events: 7 }],
    ['a text', 'alert'],
  ])('refuses %s', async (_what, body) => {
    expect(await app.post(EVENTS, body)).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });

  it('refuses what is no JSON', async () => {
    const response = await fetch(app.httpUrl + EVENTS, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"event_id":',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'request.invalid' });
  });

  it.each([
    ['more than 1,000 events', (service: string) => Array.from({ length: 1001 }, () => aMetric(service))],
    [
      'an event above 256 KiB',
      (service: string) =>
        aMetric(service, 1, 'x', { metadata: { source_service: service, note: 'x'.repeat(262_144) } }),
    ],
    [
      'a body above its limit',
      (service: string) => [aMetric(service, 1, 'x', { metadata: { source_service: service, note: 'x'.repeat(5e6) } })],
    ],
  ])('refuses %s as too large', async (_what, bodyOf) => {
    const reply = await app.post(EVENTS, bodyOf(aService()));
    expect(reply).toMatchObject({ status: 413, body: { code: 'payload.too_large' } });
  });

  it('refuses a topic that there is not', async () => {
    const reply = await app.post(EVENTS, { ...anAlert(aService()), routing: { topic: 'monitoring/nowhere' } });
    expect(reply).toMatchObject({ status: 404, body: { code: 'topic.not_found' } });
  });

  describe('one event a line', () => {
    const NDJSON = 'application/x-ndjson';
    const at = (event: object) => ({ ...event, timestamp: '2026-11-21T10:00:00.000Z' });
    const linesOf = (...events: readonly object[]) => events.map((event) => JSON.stringify(event)).join('\n');

    it('is taken as a list of them is: metrics in the plain form, and whatever else', async () => {
      const service = aService();
      const reader = await subscribed(sseDoor, app, { services: [service] });
      const plain = at(aMetric(service, 7, 'depth'));
      const routed = { ...plain, routing: { routing_key: `${service}.x` } };
      const events = [routed, aMetric(service, 8), anAlert(service), at(aMetric(service, 9, 'Länge "x"'))] as const;
      const { status, body } = await app.postBytes(EVENTS, `${linesOf(...events)}\n\n`, NDJSON);
      expect(status).toBe(202);
      expect(body.results).toMatchObject(
        events.map((event) => ({ event_id: (event as { event_id: string }).event_id, duplicate: false })),
      );
      const found = await reader.record.events(4);
      const [first] = found.filter(({ data }) => data.current_value === 7);
      expect(first).toMatchObject({ ...plain, distribution: { routing_key: `${service}.x` } });
      expect(found.map(({ data }) => data.metric_name)).toEqual(
        expect.arrayContaining(['depth', 'queue_depth', 'Länge "x"']),
      );
      const again = await app.postBytes(EVENTS, linesOf(...events), NDJSON);
      expect(again.body.results).toMatchObject(events.map(() => ({ duplicate: true })));
      await reader.close();
    });

    it('is refused with every problem of every event, each with its path', async () => {
      const service = aService();
      const lines = [
        linesOf(at(aMetric(service)), { ...anAlert(service), data_type: 'WEATHER' }),
        '{"event_id":',
        linesOf({ ...at(aMetric(service)), data: { metric_name: 'm', current_value: 'much' } }),
        '{"__proto__":1}',
      ];
      const { status, body, headers } = await app.postBytes(EVENTS, lines.join('\r\n'), NDJSON);
      expect(status).toBe(400);
      expect(headers.get('content-type')).toContain('application/problem+json');
      expect(body).toMatchObject({ code: 'request.invalid' });
      expect((body.errors as { path: string }[]).map(({ path }) => path)).toEqual([
        'events[1].data_type',
        'events[2]',
        'events[3].data.current_value',
        'events[4]',
      ]);
    });

    it.each([
      ['nothing', '\n\n', 400, 'request.invalid'],
      [
        'more than 1,000',
        Array.from({ length: 1_001 }, () => linesOf(at(aMetric('s')))).join('\n'),
        413,
        'payload.too_large',
      ],
    ])('is refused if it is %s', async (_what, body, status, code) => {
      expect(await app.postBytes(EVENTS, body, NDJSON)).toMatchObject({ status, body: { code } });
    });

    it('is nothing that other doors take', async () => {
      const reply = await app.postBytes('/api/v1/monitoring/topics', '{"name":"a/b"}', NDJSON);
      expect(reply).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    });
  });

  describe.each(COMMAND_DOORS)('over $name', (door) => {
    it('answers with the positions, and readers get the events', async () => {
      const service = aService();
      const stream = await door.connect(app);
      stream.send('subscribe', { id: 's', ...alertsOf(service) });
      await stream.record.next('subscribed');
      const events = [anAlert(service), anAlert(service)];
      stream.send('publish', { id: 'p1', events });
      const published = await stream.record.next('published');
      expect(published).toMatchObject({
        id: 'p1',
        results: events.map(({ event_id }) => ({ event_id, duplicate: false })),
      });
      expect(idsOf(await stream.record.events(2))).toEqual(idsOf(events));
      await stream.close();
    });

    it('answers an error with every problem', async () => {
      const stream = await door.connect(app);
      stream.send('publish', { id: 'p2', events: [{ ...anAlert(aService()), data_type: 'WEATHER' }] });
      expect(await stream.record.next('error')).toMatchObject({
        id: 'p2',
        code: 'request.invalid',
        errors: [{ path: 'events[0].data_type', rule: expect.any(String) }],
      });
      await stream.close();
    });
  });
});
