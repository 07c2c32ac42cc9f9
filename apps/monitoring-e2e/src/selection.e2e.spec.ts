import { STREAM_DOORS } from './doors/all-doors.js';
import { type Selection, subscribed } from './doors/door.js';
import { connectWebSocket } from './doors/web-socket.js';
import { aMetric, anAlert, aService, type EventInput, idsOf } from './events.js';
import { TestApp } from './harness.js';

describe('a selection', () => {
  let app: TestApp;
  const a = aService();
  const b = aService();
  const sent = {
    criticalA: anAlert(a, { routing: { routing_key: 'shop.eu.orders' } }),
    criticalB: anAlert(b, { routing: { routing_key: 'shop.us.orders' } }),
    warningA: anAlert(a, {
      data: { service_name: a, current_value: 50 },
      metadata: { source_service: a, severity: 'WARNING' },
      routing: { routing_key: 'shop.eu' },
    }),
    metricA: aMetric(a, 7, 'queue_depth', { routing: { routing_key: 'shop.eu.queue' } }),
    metricB: aMetric(b, 99, 'queue_depth', { routing: { routing_key: 'depot.queue' } }),
  } satisfies Record<string, EventInput>;
  type Sent = keyof typeof sent;
  const ours = { services: [a, b] };

  beforeAll(async () => {
    app = await TestApp.start();
    await app.publish(...Object.values(sent));
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const ROWS: [what: string, selection: Selection, expected: Sent[]][] = [
    ['data types', { ...ours, data_types: ['METRICS'] }, ['metricA', 'metricB']],
    [
      'several data types',
      { ...ours, data_types: ['METRICS', 'ALERTS'] },
      ['criticalA', 'criticalB', 'warningA', 'metricA', 'metricB'],
    ],
    ['services', { services: [b], data_types: ['METRICS', 'ALERTS'] }, ['criticalB', 'metricB']],
    ['a topic', { ...ours, patterns: ['monitoring/alerts/critical'] }, ['criticalA', 'criticalB']],
    ['a pattern of one level', { ...ours, patterns: ['monitoring/alerts/+'] }, ['criticalA', 'criticalB', 'warningA']],
    [
      'several patterns',
      { ...ours, patterns: ['monitoring/metrics', 'monitoring/alerts/warning'] },
      ['warningA', 'metricA', 'metricB'],
    ],
    ['a key', { keys: ['shop.eu'] }, ['warningA']],
    ['a key with one word open', { keys: ['shop.*.orders'] }, ['criticalA', 'criticalB']],
    ['a key with the rest open', { keys: ['shop.eu.#'] }, ['criticalA', 'warningA', 'metricA']],
    [
      'a filter over attributes',
      { ...ours, filter: `severity == "CRITICAL" && service == "${a}"`, data_types: ['ALERTS'] },
      ['criticalA'],
    ],
    [
      'a filter over the payload',
      { ...ours, filter: 'data.current_value > 40', data_types: ['ALERTS', 'METRICS'] },
      ['warningA', 'metricB'],
    ],
    [
      'a filter with alternatives',
      {
        ...ours,
        filter: 'severity in ["WARNING", "INFO"] || !(data_type == "ALERTS")',
        data_types: ['ALERTS', 'METRICS'],
      },
      ['warningA', 'metricA', 'metricB'],
    ],
  ];

  describe.each(STREAM_DOORS)('over $name', (door) => {
    it.each(ROWS)('by %s', async (_what, selection, expected) => {
      const reader = await subscribed(door, app, { ...selection, start: 'earliest' });
      const ids = idsOf(await reader.record.events(expected.length));
      expect(ids.sort()).toEqual(idsOf(expected.map((name) => sent[name])).sort());
      await reader.close();
    });

    it.each([
      ['CEL text', 'severity == "WARNING"'],
      ['a JSON tree', { op: 'eq', attribute: 'severity', value: 'WARNING' }],
    ])('filtered by %s shows nothing else live', async (_what, filter) => {
      const service = aService();
      const reader = await subscribed(door, app, { services: [service], data_types: ['ALERTS'], filter });
      const warning = () => anAlert(service, { metadata: { source_service: service, severity: 'WARNING' } });
      const [first, second] = [warning(), warning()];
      await app.publish(first, anAlert(service), anAlert(aService()), aMetric(service));
      await app.publish(anAlert(service), second);
      expect(idsOf(await reader.record.events(2))).toEqual(idsOf([first, second]));
      await reader.close();
    });

    it.each([
      ['data types that there are not', { data_types: ['METRICS', 'WEATHER'] }, 'data_types[1]'],
      ['patterns that are none', { patterns: ['monitoring/a#'] }, 'patterns[0]'],
      ['key patterns that are none', { keys: ['a..b'] }, 'keys[0]'],
      ['a filter that ends too early', { filter: 'severity ==' }, 'filter'],
    ])('with %s is refused', async (_what, selection, path) => {
      const isTyped = door.name === 'gRPC StreamMonitoring';
      // Its data types are an enumeration: a client cannot say another one.
      const asked =
        isTyped && 'data_types' in selection
          ? { data_types: ['METRICS', 'MONITORING_DATA_TYPE_UNSPECIFIED'] }
          : selection;
      const reader = await door.open(app, asked as Selection);
      const error = await reader.record.next('error');
      expect(error.code).toBe('request.invalid');
      expect(error.errors).toHaveLength(1);
      expect(error.errors?.[0].path).toContain(path);
      await reader.close();
    });

    it('with a bad filter is refused with the position of the fault', async () => {
      const reader = await door.open(app, { filter: 'severity == "CRITICAL" && && true' });
      const error = await reader.record.next('error');
      expect(error.errors?.[0].rule).toMatch(/\b2[5-8]\b/);
      await reader.close();
    });
  });

  it('by query parameters shows data to a plain WebSocket tool', async () => {
    const stream = await connectWebSocket(app, `?data_types=ALERTS&services=${b}&start=earliest`);
    expect(idsOf(await stream.record.events(1))[0]).toBe(sent.criticalB.event_id);
    await stream.close();
  });
});
