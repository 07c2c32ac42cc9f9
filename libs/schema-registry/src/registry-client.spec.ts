import { noMetrics, Secret } from '@distributary/distribution-core';
import { RegistryClient, type RegistryClientOptions } from './registry-client.js';
import { RegistryServer } from './testing/registry-server.js';
import { systemClock } from './testing/system-clock.js';

const ORDER = '{"type":"record","name":"Order","fields":[]}';

describe('the client of the registry', () => {
  const ends: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end();
  });
  const serverOf = async (options?: Parameters<typeof RegistryServer.start>[0]) => {
    const server = await RegistryServer.start(options);
    ends.push(() => server.stop());
    return server;
  };
  const clientOf = (url: string, options: Partial<RegistryClientOptions> = {}) => {
    const ids = { uuid: () => 'id', random: () => 0 };
    const client = new RegistryClient({ url, clock: systemClock, ids, metrics: noMetrics, ...options });
    ends.push(() => client.close());
    return client;
  };

  it('tries again what fails for a moment, and not for ever', async () => {
    const server = await serverOf();
    const client = clientOf(server.url);
    const id = await client.register('orders', ORDER);
    let failures = 2;
    server.disturbance = () => (failures-- > 0 ? 503 : undefined);
    expect(await client.byId(id)).toMatchObject({ id });
    failures = 100;
    server.requests.length = 0;
    await expect(client.byId(id)).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(server.requests).toHaveLength(3);
  });

  it('does not wait longer than its deadline for an answer', async () => {
    const server = await serverOf();
    server.disturbance = () => 'silence';
    const client = clientOf(server.url, { limits: { deadlineMs: 50, maxAttempts: 2 } });
    await expect(client.latest('orders')).rejects.toMatchObject({
      code: 'store.unavailable',
      message: 'the schema registry cannot be used: no answer within 50 ms',
    });
    expect(server.requests).toHaveLength(2);
  });

  it('shows who it is, and does not go on asking when it is not let in', async () => {
    const server = await serverOf({ credentials: 'reader:pass' });
    await expect(
      clientOf(server.url, { user: 'reader', password: new Secret('pass') }).check(),
    ).resolves.toBeUndefined();
    await expect(clientOf(server.url, { user: 'reader', password: new Secret('no') }).byId(1)).rejects.toMatchObject({
      code: 'store.unavailable',
      message: 'the schema registry cannot be used: it refuses us with 401',
    });
    expect(server.requests).toHaveLength(2);
  });

  it('keeps the base path of its address', async () => {
    const server = await serverOf();
    await clientOf(`${server.url}/apis/ccompat/v7`)
      .latest('orders')
      .catch(() => undefined);
    expect(server.requests).toEqual(['GET /apis/ccompat/v7/subjects/orders/versions/latest']);
  });

  it.each([
    ['no JSON', 'sorry'],
    ['no schema', '{}'],
    ['a language that nobody knows', '{"schema":"x","schemaType":"KLINGON"}'],
  ])('takes an answer that is %s for a registry that cannot be used', async (_name, text) => {
    const server = await serverOf();
    server.disturbance = () => ({ status: 200, text });
    await expect(clientOf(server.url).byId(1)).rejects.toMatchObject({ code: 'store.unavailable' });
  });

  it('does not read an answer without end', async () => {
    const server = await serverOf();
    server.disturbance = () => ({ status: 200, text: 'x'.repeat(2 * 1024 * 1024) });
    await expect(clientOf(server.url).byId(1)).rejects.toMatchObject({
      message: 'the schema registry cannot be used: an answer of more than 1048576 bytes',
    });
  });

  it('names the conflict when another version came in between', async () => {
    const server = await serverOf();
    server.disturbance = (request) => (request.startsWith('POST /subjects') ? 409 : undefined);
    await expect(clientOf(server.url).register('orders', ORDER)).rejects.toMatchObject({
      code: 'schema.rejected',
      problems: [{ path: 'schema', rule: 'disturbed' }],
    });
  });
});
