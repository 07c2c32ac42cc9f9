import { type RunningServer, startSchemaRegistry } from './index.js';

let registry: RunningServer;

beforeAll(async () => {
  registry = await startSchemaRegistry();
}, 180_000);

afterAll(() => registry?.stop());

const post = (place: string, body: unknown) =>
  fetch(`${registry.url}${place}`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify(body),
  });

const schemaOf = (...fields: readonly object[]) => ({
  schema: JSON.stringify({ type: 'record', name: 'Price', fields }),
});
const symbol = { name: 'symbol', type: 'string' };

describe('the schema registry', () => {
  it('gives a schema an id, and the schema for the id', async () => {
    const { id } = (await (await post('/subjects/price-value/versions', schemaOf(symbol))).json()) as { id: number };
    const found = (await (await fetch(`${registry.url}/schemas/ids/${id}`)).json()) as { schema: string };
    expect(JSON.parse(found.schema)).toMatchObject({ name: 'Price', fields: [symbol] });
  });

  it('says what is compatible with what it has', async () => {
    await post('/subjects/quote-value/versions', schemaOf(symbol));
    const answer = async (...fields: readonly object[]) => {
      const response = await post('/compatibility/subjects/quote-value/versions/latest', schemaOf(...fields));
      return ((await response.json()) as { is_compatible: boolean }).is_compatible;
    };
    await fetch(`${registry.url}/config/quote-value`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ compatibility: 'BACKWARD' }),
    });
    expect(await answer(symbol, { name: 'venue', type: 'string', default: '' })).toBe(true);
    expect(await answer(symbol, { name: 'venue', type: 'string' })).toBe(false);
  });
});
