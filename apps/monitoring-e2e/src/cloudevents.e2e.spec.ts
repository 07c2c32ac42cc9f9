import { CloudEvent, httpTransport, emitterFor, HTTP, Mode } from 'cloudevents';
import { subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { alertsOf, anAlert, aService } from './events.js';
import { TestApp } from './harness.js';

const EVENTS = '/api/v1/monitoring/events';

describe('CloudEvents', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const anEvent = (service: string, id = '1') =>
    new CloudEvent({
      id,
      source: `/services/${service}`,
      type: 'com.example.alert.raised',
      subject: 'queue_too_long',
      time: '2026-01-02T03:04:05.678Z',
      severity: 'critical',
      data: { metric_name: 'queue_depth', current_value: 5000 },
    });

  it.each([
    ['binary', Mode.BINARY],
    ['structured', Mode.STRUCTURED],
  ])('of the SDK arrive as alerts, in %s mode', async (_name, mode) => {
    const service = aService();
    const reader = await subscribed(sseDoor, app, alertsOf(service));
    const emit = emitterFor(httpTransport(app.httpUrl + EVENTS), { mode });
    await emit(anEvent(service));
    await emit(anEvent(service));
    await emit(anEvent(service, '2'));
    const [first, second] = await reader.record.events(2);
    expect(first).toMatchObject({
      event_id: `/services/${service}#1`,
      timestamp: '2026-01-02T03:04:05.678Z',
      data_type: 'ALERTS',
      distribution: { topic: 'monitoring/alerts/critical' },
      data: {
        alert_id: 'queue_too_long',
        service_name: service,
        status: 'raised',
        metric_name: 'queue_depth',
        current_value: 5000,
      },
      metadata: { source_service: service, severity: 'CRITICAL' },
    });
    expect(second.event_id).toBe(`/services/${service}#2`);
    await reader.close();
  });

  it('come in batches, and carry our own events as they are', async () => {
    const service = aService();
    const reader = await subscribed(sseDoor, app, alertsOf(service));
    const own = anAlert(service);
    const wrapped = new CloudEvent({ id: 'x', source: '/any', type: 'anything', data: own });
    const batch = [anEvent(service), wrapped].map((event) => JSON.parse(event.toString()) as object);
    const { status, body } = await app.postBytes(EVENTS, JSON.stringify(batch), 'application/cloudevents-batch+json');
    expect(status).toBe(202);
    expect(body.results).toHaveLength(2);
    expect((await reader.record.events(2)).map((event) => event.event_id).sort()).toEqual(
      [`/services/${service}#1`, own.event_id].sort(),
    );
    await reader.close();
  });

  it('that are none are refused, with every problem', async () => {
    const wrong = [
      { specversion: '0.3', id: '', source: '/s', type: 'alert' },
      { specversion: '1.0', id: '1', source: '/s', type: 'com.example.weather', data: {} },
      { specversion: '1.0', id: '1', source: '/s', type: 'alert', datacontenttype: 'text/xml', data: '<a/>', BAD: {} },
    ];
    const send = (events: readonly object[]) =>
      app.postBytes(EVENTS, JSON.stringify(events), 'application/cloudevents-batch+json');
    const all = await send([wrong[0], wrong[2]]);
    expect(all.status).toBe(400);
    expect((all.body.errors as { path: string }[]).map(({ path }) => path)).toEqual([
      'events[0].specversion',
      'events[0].id',
      'events[1].BAD',
      'events[1].datacontenttype',
    ]);
    expect(await send([wrong[1]])).toMatchObject({ status: 400, body: { errors: [{ path: 'events[0].type' }] } });
    const { headers, body } = HTTP.binary(anEvent('s'));
    const { 'content-type': contentType = '', ...others } = headers as Record<string, string>;
    const odd = await app.postBytes(EVENTS, body as string, contentType, { ...others, 'ce-subject': '%FF' });
    expect(odd).toMatchObject({ status: 400, body: { errors: [{ path: 'ce-subject' }] } });
  });
});
