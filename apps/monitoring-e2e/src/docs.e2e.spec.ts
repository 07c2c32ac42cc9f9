import { DiagnosticSeverity, Parser } from '@asyncapi/parser';
import { clientPayloadSchemas, serverPayloadSchemas } from '@distributary/contracts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { TestApp } from './harness.js';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Operation {
  readonly summary?: string;
  readonly responses: Readonly<Record<string, { readonly content?: object; readonly description: string }>>;
}

/** What serves the documents themselves, and what Fastify adds to each GET. */
const UNDOCUMENTED = /^\/api\/(docs|openapi\.json)/;

describe('the documents', () => {
  let app: TestApp;
  let document: OpenApi;
  beforeAll(async () => {
    app = await TestApp.start();
    document = (await app.get('/api/openapi.json')).body as unknown as OpenApi;
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('are an OpenAPI document without faults', async () => {
    expect(
      await new Validator().validate(structuredClone(document) as unknown as Record<string, unknown>),
    ).toMatchObject({ valid: true });
    expect(document.openapi).toBe('3.1.0');
  });

  it('have every route that listens, and none besides', () => {
    const listening = app.routes
      .filter(({ method, path }) => method !== 'HEAD' && method !== 'OPTIONS' && !UNDOCUMENTED.test(path))
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`);
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect([...new Set(listening)].sort()).toEqual(documented.sort());
  });

  it('are an AsyncAPI document without faults, whose messages are those of the protocol', async () => {
    const text = JSON.stringify((await app.get('/api/asyncapi.json')).body);
    const { document: stream, diagnostics } = await new Parser().parse(text);
    expect(diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error)).toEqual([]);
    expect(stream?.version()).toBe('3.0.0');
    const names = (operation: string) =>
      (stream?.operations().get(operation)?.messages().all() ?? [])
        .map((message) => message.name()?.split('_')[1])
        .sort();
    expect(names('command')).toEqual(Object.keys(clientPayloadSchemas).sort());
    expect(names('tell')).toEqual(Object.keys(serverPayloadSchemas).sort());
  });

  it('say of every route what it is for and what it answers, problems included', () => {
    const bare = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item)
        .filter(([, { summary, responses }]) => !summary || !('500' in responses))
        .map(([method]) => `${method} ${path}`),
    );
    expect(bare).toEqual([]);
  });
});
