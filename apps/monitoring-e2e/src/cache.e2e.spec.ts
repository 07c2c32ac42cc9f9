import { until } from '@distributary/distribution-core/testing';
import { aMetric, anAlert, aService } from './events.js';
import { TestApp } from './harness.js';

const STATS = '/api/v1/monitoring/stats/cache';

describe('reads over REST', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  const stats = async () => (await app.get(STATS)).body as Record<string, number>;

  it('are answered from the cache for a moment, and then anew', async () => {
    const service = aService();
    const path = `/api/v1/monitoring/metrics/${service}/latest`;
    await app.publish(aMetric(service, 1));
    await until('the figure', async () => (await app.get(path)).status === 200);
    const before = await stats();
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.get(path)));
    const after = await stats();
    expect(new Set(answers.map(({ body }) => JSON.stringify(body.metrics))).size).toBe(1);
    expect(after.loads - before.loads).toBeLessThan(5);
    expect(after.hits + after.shared - before.hits - before.shared).toBeGreaterThan(15);
    await app.publish(aMetric(service, 2));
    const began = performance.now();
    await until('the new figure', async () => JSON.stringify((await app.get(path)).body).includes('"current_value":2'));
    expect(performance.now() - began).toBeLessThan(2_500);
  });

  it('know for a moment that there is nothing, and no longer', async () => {
    const service = aService();
    const path = `/api/v1/monitoring/metrics/${service}/latest`;
    expect(await app.get(path)).toMatchObject({ status: 404, body: { code: 'service.not_found' } });
    const before = await stats();
    expect((await app.get(path)).status).toBe(404);
    expect((await stats()).loads - before.loads).toBeLessThan(2);
    await app.publish(aMetric(service, 1));
    await until('the figure', async () => (await app.get(path)).status === 200);
  });

  it('tell of an alert, of the health and of a topic soon after they changed', async () => {
    const service = aService();
    const active = `/api/v1/monitoring/alerts/active?service=${service}`;
    const topic = '/api/v1/monitoring/topics/monitoring%2Falerts%2Fcritical/stats';
    await app.get(active);
    const eventsOf = (body: object) => JSON.stringify(body);
    const before = eventsOf((await app.get(topic)).body);
    await app.publish(anAlert(service));
    await until('the alert', async () => ((await app.get(active)).body as unknown as object[]).length === 1);
    await until('the summary', async () =>
      JSON.stringify((await app.get('/api/v1/monitoring/health/summary')).body).includes(service),
    );
    await until('the topic', async () => eventsOf((await app.get(topic)).body) !== before);
    expect((await app.get('/api/v1/monitoring/stats/topics')).status).toBe(200);
  });

  it('show how well that goes', async () => {
    const { status, body } = await app.get(STATS);
    expect(status).toBe(200);
    expect(body).toMatchObject({ is_available: true, evictions: 0 });
    expect(Number(body.hit_ratio)).toBeGreaterThan(0);
    expect(Number(body.bytes)).toBeGreaterThan(0);
    expect(Number(body.preloads)).toBeGreaterThan(0);
    const metrics = await until('the gauges', async () => {
      const { text } = (await app.get('/metrics')).body;
      return /^cache_hit_ratio\S* 0\.\d+$/m.test(String(text)) && String(text);
    });
    expect(metrics).toMatch(/^cache_bytes\S* [1-9]/m);
    expect(metrics).toMatch(/^cache_reads_total\S*result="hit"\S* [1-9]/m);
  });
});
