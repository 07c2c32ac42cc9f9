import { anAuditEntry, describeAuditLogContract } from '@distributary/distribution-core/testing';
import { createDataSource } from '../data-source.js';
import { describeOnDatabases } from '../testing/describe-on-databases.js';
import { PostgresAuditLog } from './postgres-audit-log.js';

describeOnDatabases((database) => {
  describeAuditLogContract('PostgresAuditLog', async () => {
    await database.dataSource.query('TRUNCATE audit_log');
    return new PostgresAuditLog(database.dataSource);
  });

  it('cuts off names that no column holds', async () => {
    const log = new PostgresAuditLog(database.dataSource);
    await log.append([anAuditEntry({ tenant: 'long', target: 'x'.repeat(999), principal: 'p'.repeat(999) })]);
    const [found] = await log.find({ tenant: 'long', limit: 1 });
    expect([found.target?.length, found.principal.length]).toEqual([300, 200]);
  });

  it('writes down what PostgreSQL cannot hold, with a mark in its place', async () => {
    const log = new PostgresAuditLog(database.dataSource);
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
