import { anAuditEntry, describeAuditLogContract } from '@distributary/distribution-core/testing';
import type { DataSource } from 'typeorm';
import { createDataSource, migrate } from '../data-source.js';
import { type TestDatabaseServer, testDatabaseServers } from '../testing/test-database.js';
import { PostgresAuditLog } from './postgres-audit-log.js';

describe.each(testDatabaseServers(process.env.TEST_DATABASE_URL))('on $name', ({ open }) => {
  let server: TestDatabaseServer;
  let dataSource: DataSource;
  beforeAll(async () => {
    server = await open();
    dataSource = createDataSource({ url: await server.create(), owner: 'distribution' });
    await dataSource.initialize();
    await migrate(dataSource);
  }, 60_000);
  afterAll(async () => {
    await dataSource.destroy();
    await server.stop();
  });

  describeAuditLogContract('PostgresAuditLog', async () => {
    await dataSource.query('TRUNCATE audit_log');
    return new PostgresAuditLog(dataSource);
  });

  it('cuts off names that no column holds', async () => {
    const log = new PostgresAuditLog(dataSource);
    await log.append([anAuditEntry({ tenant: 'long', target: 'x'.repeat(999), principal: 'p'.repeat(999) })]);
    const [found] = await log.find({ tenant: 'long', limit: 1 });
    expect([found.target?.length, found.principal.length]).toEqual([300, 200]);
  });

  it('writes down what PostgreSQL cannot hold, with a mark in its place', async () => {
    const log = new PostgresAuditLog(dataSource);
    const odd = 'a\u0000b\ud800c\udfffd \\u0000 \\\\u0000 😀';
    const kept = 'a\ufffdb\ufffdc\ufffdd \\u0000 \\\\u0000 😀';
    await log.append([anAuditEntry({ tenant: 'odd', target: odd, after: { [odd]: [odd] } })]);
    expect(await log.find({ tenant: 'odd', limit: 1 })).toMatchObject([{ target: kept, after: { [kept]: [kept] } }]);
  });

  it('says that the store is unavailable when the database does not answer', async () => {
    const nowhere = createDataSource({ url: 'postgres://a:b@127.0.0.1:1/x', owner: 'distribution' });
    await expect(new PostgresAuditLog(nowhere).append([anAuditEntry()])).rejects.toMatchObject({
      code: 'store.unavailable',
    });
  });
});
