import { aMetric, aService, TestApp } from '@distributary/monitoring-e2e';
import { until } from '@distributary/distribution-core/testing';
import { type RunningServer, startRedis } from './index.js';

describe('the service with a real Redis', () => {
  let redis: RunningServer;
  let app: TestApp;
  beforeAll(async () => {
    redis = await startRedis();
    app = await TestApp.start({ REDIS_URL: redis.url });
  }, 120_000);
  afterAll(async () => {
    await app.stop();
    await redis.stop();
  }, 60_000);

  const isAvailable = async () => (await app.get('/api/v1/monitoring/stats/cache')).body.is_available;

  it('answers reads with it, without it when it is killed, and with it again when it is back', async () => {
    const service = aService();
    const path = `/api/v1/monitoring/metrics/${service}/latest`;
    await until('Redis', isAvailable);
    await app.publish(aMetric(service, 1));
    await until('the figure', async () => (await app.get(path)).status === 200);

    await redis.stop('SIGKILL');
    await until('the loss to be noticed', async () => (await isAvailable()) === false);
    await app.publish(aMetric(service, 2));
    await until('the new figure', async () => JSON.stringify((await app.get(path)).body).includes('"current_value":2'));
    const tookMs: number[] = [];
    for (let index = 0; index < 50; index++) {
      const began = performance.now();
      expect((await app.get(path)).status).toBe(200);
      tookMs.push(performance.now() - began);
    }
    expect(tookMs.sort((a, b) => a - b)[25]).toBeLessThan(100);
    expect((await app.get('/health/ready')).status).toBe(200);

    redis = await startRedis(redis.port);
    await until('Redis to be used again', isAvailable, 20_000);
    await app.publish(aMetric(service, 3));
    await until('the newest figure', async () =>
      JSON.stringify((await app.get(path)).body).includes('"current_value":3'),
    );
  }, 60_000);

  it('does not say where it is, or with which password', async () => {
    const { body } = await app.get('/api/v1/monitoring/config');
    expect(JSON.stringify(body)).not.toContain(String(redis.port));
  });
});
