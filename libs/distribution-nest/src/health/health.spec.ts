import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { FakeClock, until } from '@distributary/distribution-core/testing';
import type { LifecycleState } from '../lifecycle/lifecycle-state.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';

describe('health', () => {
  let app: NestFastifyApplication;
  const clock = new FakeClock();
  const lifecycle: { state: LifecycleState } = { state: 'ready' };
  let brokerCheck: () => Promise<void> = () => Promise.resolve();

  beforeAll(async () => {
    const checks = [
      { name: 'broker', kind: 'kafka', check: () => brokerCheck() },
      { name: 'store', check: () => Promise.resolve() },
    ];
    const module = await Test.createTestingModule({
      controllers: [HealthController],
      providers: [
        { provide: HealthService, useFactory: () => new HealthService(lifecycle, checks, clock, 500, ['api']) },
      ],
    }).compile();
    app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
    await app.init();
  });

  beforeEach(() => {
    lifecycle.state = 'ready';
    brokerCheck = () => Promise.resolve();
  });

  afterAll(() => app.close());

  const get = (url: string) => app.inject({ method: 'GET', url });

  it('is live as long as it answers, whatever its state', async () => {
    lifecycle.state = 'draining';
    const reply = await get('/health/live');
    expect([reply.statusCode, reply.json()]).toEqual([200, { status: 'live' }]);
  });

  it('is ready with all dependencies up', async () => {
    const reply = await get('/health/ready');
    expect(reply.statusCode).toBe(200);
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(reply.json()).toEqual({
      status: 'ready',
      state: 'ready',
      roles: ['api'],
      dependencies: [
        { name: 'broker', kind: 'kafka', status: 'up', took_ms: 0 },
        { name: 'store', status: 'up', took_ms: 0 },
      ],
    });
  });

  it.each(['starting', 'draining', 'stopped'] as const)('is not ready while %s', async (state) => {
    lifecycle.state = state;
    const reply = await get('/health/ready');
    expect([reply.statusCode, reply.json<{ state: string }>().state]).toEqual([503, state]);
  });

  it('names the dependency that is down, without the text of the failure', async () => {
    brokerCheck = () => Promise.reject(new Error('connect 10.0.0.7'));
    const reply = await get('/health/ready');
    expect(reply.statusCode).toBe(503);
    expect(reply.json()).toMatchObject({ dependencies: [{ name: 'broker', status: 'down', reason: 'failed' }, {}] });
    expect(reply.body).not.toContain('10.0.0.7');
  });

  it('does not wait for a dependency longer than the time-out', async () => {
    brokerCheck = () => new Promise(() => undefined);
    const answer = get('/health/ready').then((reply) => reply.json<object>());
    await until('the check', () => clock.pendingAlarms === 1);
    clock.advance(500);
    expect(await answer).toMatchObject({ dependencies: [{ status: 'down', reason: 'timed_out', took_ms: 500 }, {}] });
  });
});
