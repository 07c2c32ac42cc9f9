import { until } from '@distributary/distribution-core/testing';
import { COMMAND_DOORS, STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { grpcClient, metadataOf } from './doors/grpc.js';
import { alertsOf, anAlert, aService } from './events.js';
import { TestApp } from './harness.js';

interface Row {
  readonly door?: string;
  readonly route?: string;
  readonly key?: string;
  readonly calls: number;
  readonly client_errors: number;
  readonly server_errors: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly latency_ms: { readonly p50: number; readonly p99: number } | null;
}

const API = '/api/v1/monitoring/stats/api';
const EVENTS = '/api/v1/monitoring/events';

describe('API analytics', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const rows = async (query = ''): Promise<Row[]> => (await app.get(`${API}${query}`)).body.items as unknown as Row[];
  const routed = async (route: string): Promise<Row | undefined> => (await rows()).find((row) => row.route === route);

  it('count calls, errors, bytes and latency of a REST route, by its pattern', async () => {
    await app.publish(anAlert(aService()), anAlert(aService()));
    expect((await app.post(EVENTS, [{}])).status).toBe(400);
    await app.get('/api/v1/monitoring/metrics/some-service/latest');
    const row = await until('the calls to be counted', async () => {
      const found = await routed(`POST ${EVENTS}`);
      return found?.calls === 2 ? found : undefined;
    });
    expect(row).toMatchObject({ door: 'rest', client_errors: 1, server_errors: 0 });
    expect(row.bytes_in).toBeGreaterThan(200);
    expect(row.bytes_out).toBeGreaterThan(100);
    expect(row.latency_ms?.p99).toBeGreaterThan(0);
    // What the caller made up is not a route of its own.
    expect(await routed('GET /api/v1/monitoring/metrics/:service_name/latest')).toMatchObject({ calls: 1 });
  });

  it.each(COMMAND_DOORS)('count the commands of $name', async (door) => {
    const before = (await rows('?by=both')).filter(({ route }) => route === 'publish');
    const stream = await door.connect(app);
    stream.send('publish', { id: 'p', events: [anAlert(aService())] });
    stream.send('publish', { id: 'q', events: [{}] });
    await stream.record.next('published');
    await until('both to be counted', async () => {
      const after = (await rows('?by=both')).filter(({ route }) => route === 'publish');
      const total = (list: readonly Row[], part: 'calls' | 'client_errors') =>
        list.reduce((sum, row) => sum + row[part], 0);
      return total(after, 'calls') - total(before, 'calls') === 2 &&
        total(after, 'client_errors') - total(before, 'client_errors') === 1
        ? true
        : undefined;
    });
    await stream.close();
  });

  it('count unary calls and streams of gRPC, streams without a latency', async () => {
    const client = grpcClient(app) as ReturnType<typeof grpcClient> & {
      Publish(request: object, metadata: object, done: (error: unknown) => void): void;
    };
    await new Promise<void>((resolve) => client.Publish({ events: [] }, metadataOf(app), () => resolve()));
    client.close();
    const typed = STREAM_DOORS[STREAM_DOORS.length - 1];
    const reader = await subscribed(typed, app, alertsOf(aService()));
    await reader.close();
    const service = '/distributary.monitoring.v1.MonitoringStream';
    const publish = await until('the unary call', () => routed(`${service}/Publish`));
    expect(publish).toMatchObject({ door: 'grpc', calls: 1, client_errors: 1 });
    expect(publish.latency_ms).not.toBeNull();
    const stream = await until('the stream to have ended', () => routed(`${service}/StreamMonitoring`));
    expect(stream.latency_ms).toBeNull();
    expect(stream.bytes_out).toBeGreaterThan(0);
  });

  it('tell callers apart', async () => {
    const keys = await rows('?by=key');
    expect(keys.map(({ key }) => key)).toContain('local');
    expect(keys.every(({ route }) => route === undefined)).toBe(true);
  });

  it('are metrics, too', async () => {
    const text = String((await app.get('/metrics')).body.text);
    expect(text).toMatch(/api_calls_total\{.*route="POST \/api\/v1\/monitoring\/events".*outcome="client_error".*\} 1/);
    expect(text).toMatch(/api_call_duration_ms_bucket\{/);
    expect(text).toMatch(/api_key_calls_total\{.*key="local".*\} \d+/);
  });
});
