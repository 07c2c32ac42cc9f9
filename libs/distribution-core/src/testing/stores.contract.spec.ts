import { describeAuditLogContract } from './audit-log.contract.js';
import { describeApiKeyStoreContract } from './api-key-store.contract.js';
import { describeCursorStoreContract } from './cursor-store.contract.js';
import { FakeClock } from './fake-clock.js';
import { InMemoryApiKeyStore } from './in-memory-api-key-store.js';
import { InMemoryAuditLog } from './in-memory-audit-log.js';
import { InMemoryCursorStore } from './in-memory-cursor-store.js';
import { describeIdempotencyStoreContract } from './idempotency-store.contract.js';
import { InMemoryIdempotencyStore } from './in-memory-idempotency-store.js';
import { InMemorySubscriptionStore } from './in-memory-subscription-store.js';
import { InMemoryTopicCatalog } from './in-memory-topic-catalog.js';
import { describeSubscriptionStoreContract } from './subscription-store.contract.js';
import { describeTopicCatalogContract } from './topic-catalog.contract.js';

describeTopicCatalogContract('InMemoryTopicCatalog', async () => new InMemoryTopicCatalog({ clock: new FakeClock() }));
describeSubscriptionStoreContract('InMemorySubscriptionStore', async () => {
  const cursors = new InMemoryCursorStore({ clock: new FakeClock() });
  return { store: new InMemorySubscriptionStore(cursors), cursors };
});
describeApiKeyStoreContract('InMemoryApiKeyStore', async () => new InMemoryApiKeyStore());
describeAuditLogContract('InMemoryAuditLog', async () => new InMemoryAuditLog());
describeIdempotencyStoreContract('InMemoryIdempotencyStore', async () => {
  const clock = new FakeClock();
  return { store: new InMemoryIdempotencyStore(clock), pass: async (ms) => clock.advance(ms) };
});
describeCursorStoreContract('InMemoryCursorStore', async () => {
  const clock = new FakeClock();
  const store = new InMemoryCursorStore({ clock });
  return {
    store,
    forget: (subscriptionId) => store.forget(subscriptionId),
    pass: async (ms) => clock.advance(ms),
  };
});
