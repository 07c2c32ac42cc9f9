import { FakeClock, until } from '@distributary/distribution-core/testing';
import type { DistributaryClient } from '../client.js';
import { connect } from '../connect.js';
import { ScriptedServer } from '../testing/scripted-server.js';

let server: ScriptedServer;
let client: DistributaryClient;
let clock: FakeClock;

beforeEach(async () => {
  server = await ScriptedServer.start();
  clock = new FakeClock();
  client = connect(server.url, { transport: 'sse', clock, token: 'secret' });
});

afterEach(async () => {
  client.close();
  await server.stop();
});

describe('publishing beside SSE', () => {
  it('goes over REST', async () => {
    server.answer = () => ({ status: 202, body: { results: [{ event_id: 'a' }] } });
    expect(await client.publish([{ event_id: 'a' }])).toEqual([{ event_id: 'a' }]);
    expect(server.requests).toEqual([
      {
        method: 'POST',
        url: '/api/v1/monitoring/events',
        body: { events: [{ event_id: 'a' }] },
        authorization: 'Bearer secret',
      },
    ]);
  });

  it.each([301, 302, 303, 307, 308])(
    'is refused with a redirect by %p, which does not take the events along',
    async (status) => {
      server.answer = ({ method }) =>
        method === 'GET'
          ? { status: 200, body: { events: [], has_more: false } }
          : { status, body: '', headers: { location: '/elsewhere/events' } };
      await expect(client.publish([{}])).rejects.toMatchObject({
        code: 'request.invalid',
        message: expect.stringContaining('redirect to /elsewhere/events'),
        retryable: false,
        status,
      });
      expect(server.requests.map(({ method }) => method)).toEqual(['POST']);
    },
  );

  it.each([
    ['nothing', ''],
    ['a page of history', { events: [], has_more: false }],
    ['fewer results', { results: [{ event_id: 'a' }] }],
    ['another thing', { results: 2 }],
  ])('rejects when %s confirms it', async (_what, body) => {
    server.answer = () => ({ status: 200, body });
    await expect(client.publish([{}, {}])).rejects.toMatchObject({ code: 'protocol.violation' });
  });

  it.each<[string, string, () => void]>([
    ['in time', 'request.timeout', () => clock.advance(500)],
    ['before it is closed', 'connection.closed', () => client.close()],
  ])('rejects when no answer comes %s', async (_when, code, act) => {
    client = connect(server.url, { transport: 'sse', clock, requestTimeoutMs: 500 });
    server.answer = () => new Promise(() => undefined);
    const refused = expect(client.publish([{}])).rejects.toMatchObject({ code });
    await until('the request', () => server.requests.length === 1);
    act();
    await refused;
    expect(clock.pendingAlarms).toBe(0);
  });

  it('and subscribing refuse what JSON has no form for', async () => {
    const refusal = { code: 'request.invalid', retryable: false };
    await expect(client.publish([{ n: 1n }])).rejects.toMatchObject(refusal);
    expect(() => client.subscribe({ filter: { n: 1n } as never })).toThrow(expect.objectContaining(refusal));
    expect(server.requests).toEqual([]);
  });

  it.each([
    [401, 'auth.missing'],
    [403, 'auth.forbidden'],
    [404, 'resource.not_found'],
    [422, 'request.invalid'],
    [429, 'quota.exceeded'],
    [500, 'internal'],
  ])('names a bare %p %p', async (status, code) => {
    server.answer = () => ({ status, body: 'oops' });
    await expect(client.publish([{}])).rejects.toMatchObject({ code, status });
  });

  it('rejects when the answer is no JSON, and when nobody answers', async () => {
    server.answer = () => ({ status: 200, body: 'oops' });
    await expect(client.publish([{}])).rejects.toMatchObject({ code: 'protocol.violation' });
    await server.stop();
    await expect(client.publish([{}])).rejects.toMatchObject({ code: 'connection.lost', retryable: true });
    server = await ScriptedServer.start();
  });
});
