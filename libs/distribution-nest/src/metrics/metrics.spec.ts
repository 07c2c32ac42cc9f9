import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Registry } from 'prom-client';
import { MetricsController } from './metrics.controller.js';
import { createRegistry, METRICS_REGISTRY, PromMetrics } from './prom-metrics.js';

describe('PromMetrics', () => {
  it('counts, sets and observes under stable names', async () => {
    const registry = new Registry();
    const metrics = new PromMetrics(registry);
    const counter = metrics.counter('events_total', 'Events.', { topic: 'a' });
    counter.add();
    counter.add(4);
    metrics.gauge('sessions', 'Sessions.').set(7);
    metrics.histogram('delay_seconds', 'Delay.', [0.1, 1]).observe(0.5);
    const text = await registry.metrics();
    expect(text).toContain('events_total{topic="a"} 5');
    expect(text).toContain('sessions 7');
    expect(text).toContain('delay_seconds_bucket{le="0.1"} 0');
    expect(text).toContain('delay_seconds_bucket{le="1"} 1');
  });

  it('gives the same instrument for the same name and labels, whatever their order', () => {
    const metrics = new PromMetrics(new Registry());
    const first = metrics.counter('a_total', 'A.', { x: '1', y: '2' });
    expect(metrics.counter('a_total', 'A.', { y: '2', x: '1' })).toBe(first);
    expect(metrics.counter('a_total', 'A.', { x: '1', y: '3' })).not.toBe(first);
  });

  it('refuses one name for two kinds, and labels that the family does not have', () => {
    const metrics = new PromMetrics(new Registry());
    metrics.counter('a_total', 'A.', { x: '1' });
    expect(() => metrics.gauge('a_total', 'A.', { x: '1' })).toThrow('another kind');
    expect(() => metrics.counter('a_total', 'A.', { z: '1' })).toThrow('label');
  });

  it('does not mix the figures of two apps in one process', async () => {
    const [one, two] = [new Registry(), new Registry()];
    new PromMetrics(one).counter('a_total', 'A.').add(1);
    new PromMetrics(two).counter('a_total', 'A.').add(2);
    expect(await one.metrics()).toContain('a_total 1');
    expect(await two.metrics()).toContain('a_total 2');
  });
});

describe('GET /metrics', () => {
  let app: NestFastifyApplication;
  beforeAll(async () => {
    const registry = createRegistry('monitoring');
    const metrics = new PromMetrics(registry);
    metrics.counter('a_total', 'A.').add(2);
    metrics.gauge('b', 'B.').set(3);
    const module = await Test.createTestingModule({
      controllers: [MetricsController],
      providers: [{ provide: METRICS_REGISTRY, useValue: registry }],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    await app.init();
  });
  afterAll(() => app.close());

  it('shows the registry to Prometheus', async () => {
    const reply = await app.inject({ method: 'GET', url: '/metrics' });
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['content-type']).toContain('text/plain; version=0.0.4');
    expect(reply.body).toMatch(/process_cpu_seconds_total\{service="monitoring"\} \d/);
  });

  it('shows only what is asked for, once, and nothing of what it does not have', async () => {
    const { body } = await app.inject({ method: 'GET', url: '/metrics?names=b,nothing,a_total,b' });
    expect(body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([
      'b{service="monitoring"} 3',
      'a_total{service="monitoring"} 2',
    ]);
    expect((await app.inject({ method: 'GET', url: '/metrics?names=' })).body).toBe('');
  });
});
