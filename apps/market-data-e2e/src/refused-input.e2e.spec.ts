import { MANAGEMENT_PROTOS, MARKET_DATA_PACKAGE, MARKET_DATA_PROTO, PROTO_LOADING } from '@distributary/contracts';
import { until } from '@distributary/distribution-core/testing';
import { ask, grpcClientOf, metadataOf, type OpenApiDocument } from '@distributary/distribution-service/testing';
import { status } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { COMMAND_DOORS } from './doors/all-doors.js';
import type { TestApp } from './harness.js';
import { startSecured } from './secured.js';

const definition = loadSync([MARKET_DATA_PROTO, ...MANAGEMENT_PROTOS], { ...PROTO_LOADING, defaults: true });
/** Wrong for every field of that name. */
const WRONG = { limit: 1_000_000, action: 'NOTHING', ids: ['nobody'] };

describe('what is no input', () => {
  let app: TestApp;
  beforeAll(async () => (app = await startSecured()), 60_000);
  afterAll(() => app.stop(), 60_000);

  it('is refused by every route that takes any', async () => {
    const { paths } = (await app.get('/api/openapi.json')).body as unknown as OpenApiDocument;
    const taken: string[] = [];
    for (const [template, item] of Object.entries(paths)) {
      for (const [verb, { parameters = [], requestBody }] of Object.entries(item)) {
        if (parameters.length === 0 && requestBody === undefined) continue;
        const query = (parameters as readonly { readonly in: string; readonly name: string }[])
          .filter((parameter) => parameter.in === 'query')
          // Twice, which is nothing that a route takes.
          .map(({ name }) => `${name}=%00no&${name}=%00no`);
        const place = `${template.replace(/\{\w+\}/g, '%00no')}?${query.join('&')}`;
        const answer = await fetch(app.httpUrl + place, {
          method: verb.toUpperCase(),
          headers: { ...app.headers, ...(requestBody !== undefined && { 'content-type': 'application/json' }) },
          ...(requestBody !== undefined && { body: '{"nonsense":[1]}' }),
        });
        await answer.arrayBuffer();
        if (answer.status < 400 || answer.status >= 500) taken.push(`${verb} ${template}: ${answer.status}`);
      }
    }
    expect(taken).toEqual([]);
  }, 60_000);

  it('is refused by every route as a query parameter that it does not have', async () => {
    const { paths } = (await app.get('/api/openapi.json')).body as unknown as OpenApiDocument;
    const taken: string[] = [];
    for (const [template, item] of Object.entries(paths)) {
      for (const [verb, { requestBody }] of Object.entries(item)) {
        const answer = await fetch(`${app.httpUrl}${template.replace(/\{\w+\}/g, 'nobody')}?nonsense=1&limit[]=1`, {
          method: verb.toUpperCase(),
          headers: { ...app.headers, ...(requestBody !== undefined && { 'content-type': 'application/json' }) },
          ...(requestBody !== undefined && { body: '{}' }),
        });
        const { code, errors } = (await answer.json()) as { code?: string; errors?: readonly { path: string }[] };
        const named = errors?.map(({ path }) => path).join();
        if (code !== 'request.invalid' || named !== 'nonsense,limit[]') taken.push(`${verb} ${template}: ${code}`);
      }
    }
    expect(taken).toEqual([]);
  }, 60_000);

  it('is refused by every gRPC method that takes any', async () => {
    const taken: string[] = [];
    for (const [service, methods] of Object.entries(definition)) {
      if ('format' in methods) continue;
      const client = grpcClientOf(app, service, definition);
      for (const [name, { requestType, requestStream, responseStream }] of Object.entries(methods)) {
        const { field } = requestType.type as { readonly field: readonly { readonly name: string }[] };
        if (field.length === 0 || requestStream || responseStream) continue;
        const wrong = Object.fromEntries(
          Object.entries(WRONG).filter(([key]) => field.some((one) => one.name === key)),
        );
        const refused = await ask(app, client, name, wrong).then(
          () => undefined,
          (error: { readonly code?: string }) => error.code,
        );
        if (typeof refused !== 'string') taken.push(`${service} ${name}: ${String(refused)}`);
      }
      client.close();
    }
    expect(taken).toEqual([]);
  }, 60_000);

  it('is refused by PublishStream batch by batch, which ends once its key is revoked', async () => {
    const permissions = [{ verbs: ['publish'], topic_pattern: '#' }];
    const { body: key } = await app.post(`${app.prefix}/api-keys`, { name: 'a publisher', permissions });
    const publisher = app.as(String(key.key));
    const client = grpcClientOf(publisher, `${MARKET_DATA_PACKAGE}.MarketDataStream`, definition);
    const call = client.PublishStream(metadataOf(publisher)) as unknown as NodeJS.EventEmitter & {
      write(message: object): void;
    };
    const told: unknown[] = [];
    let end: unknown;
    call.on('data', (message) => told.push(message));
    call.on('error', ({ code }: { readonly code: number }) => (end = code));
    const send = () => call.write({ events: [Buffer.from('{"data_type":"TRADE"}')] });
    send();
    await until('the answer', () => told.length > 0);
    expect(told).toMatchObject([{ error: { code: 'request.invalid' } }]);
    expect((await app.delete(`${app.prefix}/api-keys/${String(key.id)}`)).status).toBe(200);
    await until('the end', () => {
      if (end === undefined) send();
      return end;
    });
    expect(end).toBe(status.UNAUTHENTICATED);
    client.close();
  });

  it.each(COMMAND_DOORS)('is refused by every command over $name, and the connection goes on', async (door) => {
    const stream = await door.connect(app);
    stream.send('subscribe', { id: 's', min_price: 'much' } as never);
    stream.send('unsubscribe', { id: 'nobody' });
    stream.send('credit', { id: 'nobody', events: 0 });
    stream.send('ack', { id: 'nobody', generation: 1, cursor: 'x' });
    stream.send('nack', { id: 'nobody', generation: 1, event_ids: ['x'] });
    stream.send('history', { id: 'h', limit: 0 } as never);
    stream.send('publish', { events: [{ data_type: 'TRADE' }] } as never);
    stream.send('refresh', { token: 'dk_nobody0000_x' });
    await until('all refusals', () => stream.record.of('error').length >= 8);
    stream.send('ping', {});
    await stream.record.next('pong');
    await stream.close();
  });
});
