import { until } from '@distributary/distribution-core/testing';
import { webSocketDoor } from './doors/web-socket.js';
import { aMetric, aService } from './events.js';
import { TestApp } from './harness.js';

describe('the latest values, after a restart that reads nothing of the past as events', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ REWIND_MS: '0' });
  });
  afterAll(() => app.stop());

  it('are those of before, over REST and in snapshots', async () => {
    const service = aService();
    await app.publish(aMetric(service, 1, 'cpu'), aMetric(service, 2, 'memory'), aMetric(service, 3, 'cpu'));
    await app.restart();

    const latest = await app.get(`/api/v1/monitoring/metrics/${service}/latest`);
    expect(latest.status).toBe(200);
    expect(latest.body.metrics).toMatchObject([
      { metric_name: 'cpu', current_value: 3 },
      { metric_name: 'memory', current_value: 2 },
    ]);

    const reader = await webSocketDoor.open(app, {
      services: [service],
      data_types: ['METRICS'],
      start: 'snapshot',
      slow_policy: 'block',
    });
    expect(await reader.record.next('subscribed')).toMatchObject({ recovered: 'snapshot' });
    const next = aMetric(service, 4, 'cpu');
    await app.publish(next);
    await until('the next event to be there', () =>
      reader.record.received().some((event) => event.event_id === next.event_id),
    );
    expect(reader.record.received().map(({ data }) => data.current_value)).toEqual([2, 3, 4]);
    await reader.close();
  });
});
