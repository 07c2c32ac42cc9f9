import { DiagnosticSeverity, Parser } from '@asyncapi/parser';
import { marketSelectionFields } from '@distributary/contracts';
import { Validator } from '@seriousme/openapi-schema-validator';
import { TestApp } from './harness.js';

interface Schema {
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Operation {
  readonly parameters?: readonly { readonly in: string; readonly name: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

interface AsyncApi {
  readonly channels: { readonly stream: { readonly bindings: { readonly ws: { readonly query: Schema } } } };
  readonly components: {
    readonly messages: Readonly<Record<string, { readonly payload: { readonly properties: { payload: Schema } } }>>;
  };
}

const API = '/api/v1/market-data';
const OWN_FIELDS = Object.keys(marketSelectionFields);

describe('the documents of market data', () => {
  let app: TestApp;
  let openApi: OpenApi;
  let asyncApi: AsyncApi;
  beforeAll(async () => {
    app = await TestApp.start();
    openApi = (await app.get('/api/openapi.json')).body as unknown as OpenApi;
    asyncApi = (await app.get('/api/asyncapi.json')).body as unknown as AsyncApi;
  }, 60_000);
  afterAll(() => app.stop(), 60_000);

  it('are without faults', async () => {
    const checked = await new Validator().validate(structuredClone(openApi) as unknown as Record<string, unknown>);
    expect(checked).toMatchObject({ valid: true });
    const { diagnostics } = await new Parser().parse(JSON.stringify(asyncApi));
    expect(diagnostics.filter(({ severity }) => severity === DiagnosticSeverity.Error)).toEqual([]);
  });

  it.each(['stream', 'events'])('name what selects by the query of GET %s', (route) => {
    const { parameters = [] } = openApi.paths[`${API}/${route}`].get;
    expect(parameters.filter(({ in: where }) => where === 'query').map(({ name }) => name)).toEqual(
      expect.arrayContaining(OWN_FIELDS),
    );
  });

  it.each([
    ['post', 'subscriptions'],
    ['patch', 'subscriptions/{id}'],
  ])('name what selects in the body of %s %s', (method, route) => {
    const schema = openApi.paths[`${API}/${route}`][method].requestBody?.content['application/json'].schema ?? {};
    const body = schema.$ref === undefined ? schema : openApi.components.schemas[schema.$ref.split('/').pop() ?? ''];
    expect(Object.keys(body.properties ?? {})).toEqual(expect.arrayContaining(OWN_FIELDS));
  });

  it('name what selects in the messages of the stream, and in its query', () => {
    const { messages } = asyncApi.components;
    const { query } = asyncApi.channels.stream.bindings.ws;
    const selecting = ['client_subscribe', 'client_history'].map((name) => messages[name].payload.properties.payload);
    for (const schema of [...selecting, query]) {
      expect(Object.keys(schema.properties ?? {})).toEqual(expect.arrayContaining(OWN_FIELDS));
    }
  });
});
