import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { status } from '@grpc/grpc-js';
import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aMetric, anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

/** The value of a series; labels are not looked at. */
function figure(metrics: unknown, name: string): number | undefined {
  const line = String(metrics)
    .split('\n')
    .find((text) => text.startsWith(`${name} `) || text.startsWith(`${name}{`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

describe('the service', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('says that it lives and is ready, and what it depends on', async () => {
    expect(await app.get('/health/live')).toMatchObject({ status: 200, body: { status: 'live' } });
    const { status, body } = await app.get('/health/ready');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'ready', state: 'ready' });
    expect(body.dependencies).toEqual([
      { name: 'database', status: 'up', took_ms: expect.any(Number) },
      { name: 'broker', kind: 'embedded', status: 'up', took_ms: expect.any(Number) },
    ]);
  });

  it('shows its figures', async () => {
    const service = aService();
    const before = (await app.get('/metrics')).body.text;
    const readers = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, app, alertsOf(service))));
    const sent = alerts(service, 5);
    await app.publish(...sent);
    await app.publish(sent[0]);
    for (const reader of readers) await reader.record.events(5);
    // What was written is counted a moment after a reader has it.
    const after = await until('all deliveries are counted', async () => {
      const { text } = (await app.get('/metrics')).body;
      const counted =
        Number(figure(text, 'fan_out_deliveries_total')) - Number(figure(before, 'fan_out_deliveries_total') ?? 0);
      return counted >= 5 * STREAM_DOORS.length && text;
    });
    const rise = (name: string) => Number(figure(after, name)) - Number(figure(before, name) ?? 0);
    // The service has something to say itself meanwhile, of its own health and of the alerts.
    expect(rise('ingest_events_total')).toBeGreaterThanOrEqual(5);
    expect(rise('ingest_duplicates_total')).toBe(1);
    expect(rise('stream_sessions')).toBe(STREAM_DOORS.length);
    expect(rise('fan_out_subscriptions')).toBe(STREAM_DOORS.length);
    expect(figure(after, 'fan_out_latency_ms_count')).toBeGreaterThan(0);
    expect(figure(after, 'process_resident_memory_bytes')).toBeGreaterThan(0);
    for (const reader of readers) await reader.close();
    await until('the sessions to be gone', async () => {
      const now = (await app.get('/metrics')).body.text;
      return figure(now, 'stream_sessions') === (figure(before, 'stream_sessions') ?? 0);
    });
  });

  it('describes its routes', async () => {
    const { status, body } = await app.get('/api/openapi.json');
    expect(status).toBe(200);
    expect(body.openapi).toMatch(/^3\./);
    expect(Object.keys(body.paths as object)).toEqual(
      expect.arrayContaining([
        '/api/v1/monitoring/events',
        '/api/v1/monitoring/stream',
        '/api/v1/monitoring/topics',
        '/api/v1/monitoring/subscriptions',
        '/api/v1/monitoring/alerts/active',
        '/api/v1/monitoring/metrics/{service_name}/latest',
        '/api/v1/monitoring/health/summary',
        '/health/live',
        '/health/ready',
      ]),
    );
    const page = await app.get('/api/docs');
    expect(page.status).toBe(200);
    expect(page.body.text).toContain('swagger');
  });

  it('lists its topics page by page', async () => {
    const names: string[] = [];
    let cursor = '';
    for (let hasMore = true; hasMore;) {
      const { body } = await app.get(`/api/v1/monitoring/topics?limit=4${cursor}`);
      names.push(...(body.items as { name: string }[]).map(({ name }) => name));
      hasMore = body.has_more === true;
      cursor = `&cursor=${encodeURIComponent(String(body.cursor))}`;
    }
    expect(names).toEqual([
      'monitoring/alerts/critical',
      'monitoring/alerts/info',
      'monitoring/alerts/warning',
      'monitoring/dead-letters',
      'monitoring/distributed',
      'monitoring/incidents',
      'monitoring/infrastructure',
      'monitoring/metrics',
      'monitoring/optimization',
      'monitoring/slo',
    ]);
    expect(await app.get('/api/v1/monitoring/topics?limit=0')).toMatchObject({
      status: 400,
      body: { code: 'request.invalid', errors: [{ path: 'limit' }] },
    });
  });

  it('shows the alerts that are active, until they are resolved', async () => {
    const service = aService();
    const alert = (status: string) =>
      anAlert(service, { data: { alert_id: `a-${service}`, service_name: service, severity: 'CRITICAL', status } });
    const active = async () =>
      (await app.get(`/api/v1/monitoring/alerts/active?service=${service}`)).body as unknown as object[] & {
        items?: object[];
      };
    const count = async () => {
      const body = await active();
      return (body.items ?? body).length;
    };
    await app.publish(alert('raised'));
    await until('the alert', async () => (await count()) === 1);
    await app.publish(alert('resolved'));
    await until('its end', async () => (await count()) === 0);
  });

  it('shows the latest metrics of a service', async () => {
    const service = aService();
    await app.publish(aMetric(service, 1, 'cpu'), aMetric(service, 2, 'memory'), aMetric(service, 3, 'cpu'));
    const { body } = await until('the metrics', async () => {
      const reply = await app.get(`/api/v1/monitoring/metrics/${service}/latest`);
      return reply.status === 200 && JSON.stringify(reply.body).includes('memory') && reply;
    });
    expect(JSON.stringify(body)).toContain('"cpu"');
    expect(await app.get('/api/v1/monitoring/metrics/nobody/latest')).toMatchObject({ status: 404 });
  });

  it('sums up the health of the system', async () => {
    expect(await app.get('/api/v1/monitoring/health/summary')).toMatchObject({ status: 200 });
  });
});

describe('a service that is told to stop', () => {
  it('says so to everyone: not ready, bye with a time to come back, end of every stream', async () => {
    const app = await TestApp.start();
    const service = aService();
    try {
      const streams = await Promise.all(STREAM_DOORS.map((door) => subscribed(door, app, alertsOf(service))));
      // Positions that are to be stored keep it busy while the probe looks.
      for (const door of COMMAND_DOORS) {
        for (let index = 0; index < 20; index++) {
          const owner = await door.connect(app);
          owner.send('subscribe', { id: 's', name: randomUUID(), ...alertsOf(service) });
          await owner.record.next('subscribed');
        }
      }
      await app.publish(anAlert(service));
      for (const { record } of streams) await record.events(1);
      const draining = app.drain();
      const ready = await app.get('/health/ready');
      expect(ready.status).toBe(503);
      const reports = await draining;
      expect(reports.map(({ outcome }) => outcome)).toEqual(reports.map(() => 'done'));
      for (const { record } of streams.slice(0, 3)) {
        const bye = await record.next('bye');
        expect(bye).toEqual({ code: 4001, reason: 'draining', reconnect_ms: expect.any(Number) });
        expect(bye.reconnect_ms).toBeLessThanOrEqual(5_100);
      }
      // gRPC has a status for it.
      for (const { record } of streams.slice(3)) {
        const error = await record.next('error');
        expect(error).toMatchObject({ code: 'draining', retryable: true, retry_after_ms: expect.any(Number) });
        expect(error.retry_after_ms).toBeLessThanOrEqual(5_100);
      }
      const ends = await Promise.all(streams.map(({ record }) => record.ended()));
      expect(ends[0]).toMatchObject({ code: 4001 });
      expect(ends.slice(3)).toMatchObject([{ code: status.UNAVAILABLE }, { code: status.UNAVAILABLE }]);
      await expect(app.get('/health/live')).rejects.toThrow();
    } finally {
      await app.stop();
    }
  }, 60_000);

  it('keeps every event that it has acknowledged', async () => {
    const app = await TestApp.start();
    const service = aService();
    try {
      const results = alerts(service, 200).map((event) =>
        app.publish(event).then(
          () => event.event_id,
          () => undefined,
        ),
      );
      await results[20];
      await app.restart();
      const acknowledged = (await Promise.all(results)).filter((id) => id !== undefined);
      const reader = await subscribed(webSocketDoor, app, { ...alertsOf(service), start: 'earliest' });
      const kept = new Set(idsOf(await reader.record.events(acknowledged.length)));
      expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(20);
      await reader.close();
    } finally {
      await app.stop();
    }
  }, 60_000);
});

describe('a service that cannot start', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(path.join(os.tmpdir(), 'distributary-e2e-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  // The database went on running behind a service that had ended.
  it.each([
    ['its log', { EMBEDDED_DIR: 'a-file' }],
    ['its port', { EMBEDDED_DIR: 'log', HOST: '127.0.0.1', PORT: 'taken' }],
  ])(
    'because of %s leaves nothing running',
    async (_what, { EMBEDDED_DIR, ...env }) => {
      await writeFile(path.join(directory, 'a-file'), '');
      const taken = net.createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const { port } = taken.address() as net.AddressInfo;
      const starting = TestApp.start({
        ...env,
        DATA_DIR: path.join(directory, 'data'),
        EMBEDDED_DIR: path.join(directory, EMBEDDED_DIR),
        PORT: 'PORT' in env ? String(port) : '0',
      });
      await expect(starting).rejects.toThrow();
      const left = (await readdir(directory, { recursive: true })).filter((name) => name.endsWith('postmaster.pid'));
      expect(left).toEqual([]);
      taken.close();
    },
    60_000,
  );
});

describe('two services in one process', () => {
  it('have nothing in common', async () => {
    const apps = await Promise.all([TestApp.start(), TestApp.start({ MAX_SESSIONS: '1' })]);
    const [one, other] = apps;
    try {
      const service = aService();
      const readers = [
        await subscribed(sseDoor, one, alertsOf(service)),
        await subscribed(sseDoor, other, alertsOf(service)),
      ];
      const event = anAlert(service);
      // The same id: each takes it as its first.
      const own = apps.map((_, index) => ({ ...event, data: { ...event.data, number: index } }));
      for (const [index, app] of apps.entries()) {
        expect(await app.publish(own[index])).toMatchObject([{ duplicate: false }]);
      }
      for (const [index, reader] of readers.entries()) {
        const received = await reader.record.events(1);
        expect(received.map(({ data }) => data.number)).toEqual([index]);
      }
      const sessions = async (app: TestApp) => figure((await app.get('/metrics')).body.text, 'stream_sessions');
      const more = await subscribed(webSocketDoor, one, alertsOf(service));
      expect([await sessions(one), await sessions(other)]).toEqual([2, 1]);
      // Only the second one has room for a single session.
      const refused = await webSocketDoor.open(other, alertsOf(service));
      expect(await refused.record.ended()).toMatchObject({ code: 4100 });

      await other.stop();
      await one.publish(anAlert(service));
      expect(await more.record.events(1)).toHaveLength(1);
      await more.close();
      for (const reader of readers) await reader.close();
    } finally {
      await Promise.all(apps.map((app) => app.stop()));
    }
  }, 60_000);
});
