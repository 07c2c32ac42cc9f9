import { describeCursorStoreContract } from '@distributary/distribution-core/testing';
import { createDataSource } from './data-source.js';
import { PostgresCursorStore } from './postgres-cursor-store.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

describeOnDatabases((database) => {
  describeCursorStoreContract('PostgresCursorStore', async () => {
    await database.dataSource.query('TRUNCATE subscription_cursors, subscription_ownership');
    const store = new PostgresCursorStore(database.dataSource);
    return {
      store,
      forget: (subscriptionId) => store.forget(subscriptionId),
      // The database's own clock runs by itself.
      pass: async () => undefined,
    };
  });

  it('forgets a subscription with its positions', async () => {
    const store = new PostgresCursorStore(database.dataSource);
    const ownership = await store.acquire('gone', 'me', 60_000);
    if (ownership === 'taken') throw new Error('taken');
    await store.store(ownership, [{ topic: 't', partition: 0, epoch: 'e', position: '11' }]);
    await store.forget('gone');
    expect(await store.load('gone')).toEqual([]);
    expect(await store.renew(ownership)).toBe('lost');
  });

  it('says that the store is unavailable when the database does not answer', async () => {
    const nowhere = createDataSource({ url: 'postgres://a:b@127.0.0.1:1/x', owner: 'distribution' });
    const store = new PostgresCursorStore(nowhere);
    await expect(store.load('s')).rejects.toMatchObject({ code: 'store.unavailable' });
  });
});
