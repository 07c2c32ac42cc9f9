import { describeDailyDeliveryStoreContract } from './daily-delivery-store.contract.js';
import { InMemoryDailyDeliveryStore } from './in-memory-daily-delivery-store.js';

describeDailyDeliveryStoreContract('InMemoryDailyDeliveryStore', () =>
  Promise.resolve(new InMemoryDailyDeliveryStore()),
);
