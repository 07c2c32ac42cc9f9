import { aDay, describeDailyDeliveryStoreContract } from '@distributary/distribution-core/testing';
import { createDataSource } from './data-source.js';
import { PostgresDailyDeliveryStore } from './postgres-daily-delivery-store.js';
import { describeOnDatabases } from './testing/describe-on-databases.js';

describeOnDatabases((database) => {
  describeDailyDeliveryStoreContract('PostgresDailyDeliveryStore', async () => {
    await database.dataSource.query('TRUNCATE delivery_statistics');
    return new PostgresDailyDeliveryStore(database.dataSource);
  });

  it('says that the store is unavailable when the database does not answer', async () => {
    const nowhere = createDataSource({ url: 'postgres://a:b@127.0.0.1:1/x', owner: 'distribution' });
    await expect(new PostgresDailyDeliveryStore(nowhere).add([aDay()])).rejects.toMatchObject({
      code: 'store.unavailable',
    });
  });
});
