import { noMetrics } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { Registry } from 'prom-client';
import { PromMetrics } from '../metrics/prom-metrics.js';
import { type Call, CallStatistics } from './call-statistics.js';
import { payloadSize } from './payload-size.js';

const aCall = (call: Partial<Call> = {}): Call => ({
  door: 'rest',
  route: 'GET /a',
  key: 'me',
  tenant: 'default',
  outcome: 'ok',
  durationMs: 4,
  bytesIn: 10,
  bytesOut: 100,
  ...call,
});

describe('statistics of calls', () => {
  it('group by route, by key, and by both', () => {
    const statistics = new CallStatistics(new FakeClock(), noMetrics);
    statistics.record(aCall());
    statistics.record(aCall({ key: 'you', outcome: 'client_error' }));
    statistics.record(aCall({ route: 'GET /b', outcome: 'server_error', durationMs: undefined }));
    expect(statistics.figures('1m', 'route', undefined)).toMatchObject([
      {
        route: 'GET /a',
        key: undefined,
        calls: 2,
        clientErrors: 1,
        serverErrors: 0,
        errorRate: 0.5,
        bytesIn: 20,
        bytesOut: 200,
      },
      { route: 'GET /b', calls: 1, serverErrors: 1, latencyMs: undefined },
    ]);
    expect(statistics.figures('1m', 'key', undefined)).toMatchObject([
      { key: 'me', route: undefined, calls: 2 },
      { key: 'you', calls: 1 },
    ]);
    expect(statistics.figures('1h', 'both', undefined)).toHaveLength(3);
  });

  it('show a tenant its own, and forget what is old', () => {
    const clock = new FakeClock();
    const statistics = new CallStatistics(clock, noMetrics);
    statistics.record(aCall());
    statistics.record(aCall({ tenant: 'acme', key: 'acme-key' }));
    expect(statistics.figures('1m', 'key', 'acme')).toMatchObject([{ key: 'acme-key', calls: 1 }]);
    clock.advance(120_000);
    expect(statistics.figures('1m', 'key', undefined)).toEqual([]);
  });

  it('stay bounded in memory and in the metrics, and lose no call', async () => {
    const registry = new Registry();
    const clock = new FakeClock();
    const statistics = new CallStatistics(clock, new PromMetrics(registry), { maxSeries: 4, maxKeys: 2 });
    for (let n = 0; n < 100; n++) statistics.record(aCall({ route: `GET /${n % 20}`, key: `key-${n}` }));
    const pairs = statistics.figures('1m', 'both', undefined);
    expect(pairs.length).toBeLessThanOrEqual(9);
    expect(pairs.reduce((sum, { calls }) => sum + calls, 0)).toBe(100);
    const text = await registry.metrics();
    expect(text.match(/^api_key_calls_total\{/gm)).toHaveLength(3);
    expect(text).toContain('api_key_calls_total{key="other"} 98');
    expect(text.match(/^api_calls_total\{/gm)?.length).toBeLessThanOrEqual(15);
    expect(text).toContain('api_calls_total{door="other",route="other",outcome="ok"} 80');
    clock.advance(4_000_000);
    statistics.record(aCall({ route: 'GET /new', key: 'new' }));
    expect(statistics.figures('1m', 'both', undefined)).toMatchObject([{ route: 'GET /new', key: 'new' }]);
  });
});

describe('the size of a payload', () => {
  it.each([
    ['abc', 3],
    [Buffer.from('abcd'), 4],
    [7, 8],
    [true, 1],
    [null, 0],
    [undefined, 0],
    [{ ab: 'x', c: [1, Buffer.from('yy')] }, 2 + 1 + 1 + 8 + 2],
  ])('of %j is about %d', (value, size) => {
    expect(payloadSize(value)).toBe(size);
  });

  it('ends with structures that do not', () => {
    const loop: Record<string, unknown> = {};
    loop.again = loop;
    expect(payloadSize(loop)).toBeLessThan(100);
  });
});
