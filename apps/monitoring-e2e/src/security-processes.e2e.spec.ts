import { readFileSync } from 'node:fs';
import { until } from '@distributary/distribution-core/testing';
import { type TestDatabaseServer, testDatabaseServers } from '@distributary/persistence/testing';
import { makeKey, startSecured } from './access.js';
import { STREAM_DOORS } from './doors/all-doors.js';
import type { TestApp } from './harness.js';

/** Two services over one database, as two processes of one service are; each with a log of its own. */
describe('a key that is revoked in one process', () => {
  let database: TestDatabaseServer;
  let here: TestApp;
  let there: TestApp;
  let admin: TestApp;
  beforeAll(async () => {
    database = await testDatabaseServers(undefined)[0].open();
    const DATABASE_URL = await database.create();
    const first = await startSecured({ DATABASE_URL });
    ({ app: here, admin } = first);
    const second = await startSecured({ DATABASE_URL, AUTH_KEY_FILE: first.keyFile });
    there = second.app;
    expect(readFileSync(second.keyFile, 'utf8')).toBe(readFileSync(first.keyFile, 'utf8'));
  }, 90_000);
  afterAll(async () => {
    await Promise.all([here.stop(), there.stop()]);
    await database.stop();
  }, 60_000);

  it('ends its live streams in the other within a second, through every door, and opens none any more', async () => {
    const { id, key } = await makeKey(admin);
    const streams = await Promise.all(STREAM_DOORS.map((door) => door.open(there.as(key), { patterns: ['#'] })));
    await Promise.all(streams.map(({ record }) => record.next('subscribed')));
    expect((await there.as(key).get('/api/v1/monitoring/topics')).status).toBe(200);
    const began = performance.now();
    await admin.delete(`/api/v1/monitoring/api-keys/${id}`);
    await Promise.all(streams.map(({ record }) => record.ended()));
    expect(performance.now() - began).toBeLessThan(1_000);
    await until('requests are refused, too', async () => {
      return (await there.as(key).get('/api/v1/monitoring/topics')).status === 401;
    });
    expect(performance.now() - began).toBeLessThan(1_500);
    for (const { record } of streams.filter((_, index) => STREAM_DOORS[index].name.startsWith('WebSocket'))) {
      expect(record.of('status')).toMatchObject([{ state: 'revoked' }]);
      expect(record.end).toEqual({ code: 4403, reason: 'revoked' });
    }
  });

  it('leaves the streams of other keys alone', async () => {
    const [gone, stays] = [await makeKey(admin), await makeKey(admin)];
    const streams = await Promise.all(
      [gone, stays].map(({ key }) => STREAM_DOORS[0].open(there.as(key), { patterns: ['#'] })),
    );
    await Promise.all(streams.map(({ record }) => record.next('subscribed')));
    await admin.delete(`/api/v1/monitoring/api-keys/${gone.id}`);
    await streams[0].record.ended();
    expect(streams[1].record.end).toBeUndefined();
    await streams[1].close();
  });
});
