import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { Body, Controller, Get, HttpException, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { z } from 'zod';
import { DistributionError } from '@distributary/distribution-core';
import { SystemIds } from '../clock/system-ids.js';
import { ProblemFilter } from '../errors/problem.filter.js';
import type { LogFields, Logger } from '../logging/logger.js';
import { createHttpAdapter } from './http-adapter.js';
import { setupOpenApi } from './open-api.js';
import { validationPipe } from './validation.js';

const orderSchema = z.object({ name: z.string().min(1), lines: z.array(z.object({ amount: z.int() })) });

@Controller('orders')
class OrdersController {
  @Post()
  create(@Body({ schema: orderSchema }) order: z.infer<typeof orderSchema>): { readonly name: string } {
    return { name: order.name };
  }

  @Get('busy')
  busy(): never {
    throw new DistributionError('ingest.busy', 'come later', { retryAfterMs: 1_500 });
  }

  @Get('broken')
  broken(): never {
    throw new Error('password is hunter2');
  }

  @Get('teapot')
  teapot(): never {
    throw new HttpException('short and stout', 418);
  }
}

describe('an HTTP app', () => {
  let app: NestFastifyApplication;
  const lines: { level: string; event: string; fields: LogFields }[] = [];
  const line =
    (level: string) =>
    (event: string, fields: LogFields = {}) =>
      void lines.push({ level, event, fields });
  const logger: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };

  beforeAll(async () => {
    const module = await Test.createTestingModule({ controllers: [OrdersController] }).compile();
    const policy = { allowedHosts: [], allowedOrigins: ['http://console.test'] };
    app = module.createNestApplication<NestFastifyApplication>(
      createHttpAdapter({ policy, ids: new SystemIds(), maxBodyBytes: 2_000 }),
    );
    app.useGlobalFilters(new ProblemFilter(logger));
    app.useGlobalPipes(validationPipe());
    setupOpenApi(app, { title: 'Orders', description: 'For tests.', version: '1.2.3' });
    await app.init();
  });

  beforeEach(() => void lines.splice(0));
  afterAll(() => app.close());

  const get = (url: string, headers: Record<string, string> = {}) => app.inject({ method: 'GET', url, headers });
  const post = (payload: string | object, headers: Record<string, string> = {}) =>
    app.inject({ method: 'POST', url: '/orders', payload, headers });

  it('takes what fits the schema', async () => {
    const reply = await post({ name: 'a', lines: [] });
    expect([reply.statusCode, reply.json()]).toEqual([201, { name: 'a' }]);
  });

  it('lists every problem with its path', async () => {
    const reply = await post({ name: '', lines: [{ amount: 1 }, { amount: 'x' }] });
    expect(reply.statusCode).toBe(400);
    expect(reply.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    const problem = reply.json<{ code: string; errors: { path: string }[]; trace_id: string }>();
    expect(problem.code).toBe('request.invalid');
    expect(problem.errors.map((error) => error.path)).toEqual(['name', 'lines[1].amount']);
    expect(problem.trace_id).toBe(reply.headers['x-trace-id']);
  });

  it('keeps the trace of the caller', async () => {
    const trace = '0af7651916cd43dd8448eb211c80319c';
    const reply = await get('/nowhere', { traceparent: `00-${trace}-b7ad6b7169203331-01` });
    expect(reply.json()).toMatchObject({ code: 'route.not_found', status: 404, trace_id: trace });
  });

  it('refuses bodies that are no JSON, that are too large, or of a kind that it does not know', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await post('{"name":', json)).json()).toMatchObject({ code: 'request.invalid', status: 400 });
    expect((await post({ name: 'x'.repeat(3_000), lines: [] })).json()).toMatchObject({
      code: 'payload.too_large',
      status: 413,
    });
    expect((await post('<a/>', { 'content-type': 'text/xml' })).json()).toMatchObject({ code: 'request.invalid' });
    expect((await get('/orders/teapot')).json()).toMatchObject({ code: 'request.invalid', detail: 'short and stout' });
  });

  it('says when to come back', async () => {
    const reply = await get('/orders/busy');
    expect([reply.statusCode, reply.headers['retry-after']]).toEqual([429, '2']);
  });

  it('tells the caller nothing of an unknown fault, and the log everything, once', async () => {
    const reply = await get('/orders/broken?token=secret');
    expect(reply.statusCode).toBe(500);
    expect(reply.body).not.toContain('hunter2');
    expect(lines).toEqual([
      {
        level: 'error',
        event: 'http.request_failed',
        fields: {
          code: 'internal',
          method: 'GET',
          path: '/orders/broken',
          trace_id: reply.headers['x-trace-id'],
          error: new Error('password is hunter2'),
        },
      },
    ]);
  });

  it('refuses other hosts and origins on every route', async () => {
    const refused = { code: 'origin.refused', status: 403 };
    expect((await get('/orders/busy', { host: 'evil.com' })).json()).toMatchObject(refused);
    expect((await get('/nowhere', { origin: 'http://evil.com' })).json()).toMatchObject(refused);
    expect((await get('/orders/busy', { host: 'localhost', origin: 'http://console.test' })).statusCode).toBe(429);
  });

  it('shows its OpenAPI document and page', async () => {
    const document = (await get('/api/openapi.json')).json<{ info: object; paths: object }>();
    expect(document.info).toMatchObject({ title: 'Orders', version: '1.2.3' });
    expect(Object.keys(document.paths)).toContain('/orders');
    const page = await get('/api/docs');
    expect(page.statusCode).toBe(200);
    expect(page.body).toContain('swagger-ui');
  });

  it('works over a real socket, too', async () => {
    await app.listen(0, '127.0.0.1');
    const { port } = app.getHttpServer().address() as AddressInfo;
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const request = http.get({ port, host: '127.0.0.1', path: '/orders/busy', agent: false }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      });
      request.on('error', reject);
    });
    expect(status).toBe(429);
  });
});
