import { Controller, Delete, Get, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiTags } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { Validator } from '@seriousme/openapi-schema-validator';
import { z } from 'zod';
import { SystemIds } from '../clock/system-ids.js';
import { ApiContract } from './api-contract.js';
import { createHttpAdapter } from './http-adapter.js';
import { setupOpenApi } from './open-api.js';
import { recordRoutes, type RouteEntry } from './route-list.js';

const order = z.object({ id: z.string(), lines: z.int().optional() }).meta({ id: 'Order' });

@ApiTags('orders')
@Controller('orders')
class OrdersController {
  @Post()
  @ApiContract({
    summary: 'Order something',
    description: 'In detail.',
    headers: z.object({ 'idempotency-key': z.string().optional().describe('Once only') }),
    query: z.object({ dry: z.stringbool() }),
    body: { 'application/json': order, 'text/csv': z.string() },
    response: order,
    responseDescription: 'Ordered',
    responseHeaders: { ETag: 'Of this version' },
    otherResponses: {
      503: { description: 'Closed', body: z.object({ until: z.string() }) },
      204: { description: 'Dry' },
    },
    errors: ['ingest.busy', 'broker.unavailable'],
    problemBody: { 'text/plain': z.string() },
  })
  create(): void {}

  @Delete(':id')
  @ApiContract({ summary: 'Cancel', status: 204, params: z.object({ id: z.uuid() }), errors: ['service.not_found'] })
  remove(): void {}

  @Get(['open', 'public'])
  @ApiContract({ summary: 'Anybody', response: z.array(order), isOpen: true })
  open(): void {}

  @Get('bare')
  bare(): void {}
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly object[];
  readonly responses: Readonly<Record<string, { content?: object; headers?: object; description: string }>>;
  readonly security?: readonly object[];
}

describe('the document of the routes', () => {
  let app: NestFastifyApplication;
  let routes: readonly RouteEntry[];
  let document: { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

  beforeAll(async () => {
    const module = await Test.createTestingModule({ controllers: [OrdersController] }).compile();
    const adapter = createHttpAdapter({
      policy: { allowedHosts: [], allowedOrigins: [] },
      ids: new SystemIds(),
      maxBodyBytes: 1_000,
    });
    routes = recordRoutes(adapter);
    app = module.createNestApplication<NestFastifyApplication>(adapter);
    document = setupOpenApi(app, { title: 'Orders', description: 'x', version: '1' }) as unknown as typeof document;
    await app.init();
  });
  afterAll(() => app.close());

  it('is valid', async () => {
    const copy = JSON.parse(JSON.stringify(document)) as Record<string, unknown>;
    expect(await new Validator().validate(copy)).toMatchObject({ valid: true });
  });

  it('says what is sent', () => {
    expect(document.paths['/orders'].post).toMatchObject({
      operationId: 'Orders_create',
      tags: ['orders'],
      summary: 'Order something',
      description: 'In detail.',
      parameters: [
        { name: 'dry', in: 'query', required: true },
        {
          name: 'idempotency-key',
          in: 'header',
          required: false,
          description: 'Once only',
          schema: { type: 'string' },
        },
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { $ref: '#/components/schemas/Order' } },
          'text/csv': { schema: { type: 'string' } },
        },
      },
    });
    expect(document.paths['/orders/{id}'].delete.parameters).toMatchObject([
      { name: 'id', in: 'path', required: true, schema: { format: 'uuid' } },
    ]);
  });

  it('says what is answered, and which codes each status may have', () => {
    const { responses } = document.paths['/orders'].post;
    expect(Object.keys(responses)).toEqual(['201', '204', '400', '401', '403', '413', '429', '500', '503'].sort());
    expect(responses['201']).toMatchObject({
      description: 'Ordered',
      headers: { ETag: { description: 'Of this version' } },
    });
    expect(responses['204']).toEqual({ description: 'Dry' });
    const codes = (status: string) => {
      const content = responses[status].content as Record<
        string,
        { schema: { allOf: [object, { properties: { code: { enum: string[] } } }] } }
      >;
      return content['application/problem+json'].schema.allOf[1].properties.code.enum;
    };
    expect(codes('429')).toEqual(['ingest.busy', 'quota.exceeded']);
    expect(responses['429'].headers).toHaveProperty('Retry-After');
    expect(codes('400')).toEqual(['request.invalid']);
    expect(Object.keys(responses['503'].content ?? {})).toEqual([
      'application/json',
      'text/plain',
      'application/problem+json',
    ]);
    expect(document.paths['/orders/{id}'].delete.responses['204']).toEqual({ description: 'Done' });
  });

  it('has each path of a method, and no key for what is open', () => {
    const [open, alias] = ['/orders/open', '/orders/public'].map((path) => document.paths[path].get);
    expect([open.operationId, alias.operationId]).toEqual(['Orders_open', 'Orders_open_1']);
    expect(open.security).toEqual([]);
    expect(Object.keys(open.responses)).not.toContain('401');
  });

  it('leaves a route without a contract as bare as it is', () => {
    expect(document.paths['/orders/bare'].get.responses).not.toHaveProperty('500');
  });

  it('can be compared with what listens', () => {
    expect(routes).toEqual(
      expect.arrayContaining([
        { method: 'POST', path: '/orders' },
        { method: 'DELETE', path: '/orders/:id' },
        { method: 'GET', path: '/orders/bare' },
      ]),
    );
  });
});
