import type { SubscriptionStore } from '../ports/subscription-store.port.js';
import type { DurableSubscription } from '../subscription/subscription.js';

export const aDurableSubscription = (options: Partial<DurableSubscription> = {}): DurableSubscription => ({
  subscriptionId: 'billing',
  tenant: 'default',
  subscriberService: 'billing-service',
  topicPatterns: ['monitoring/#'],
  keyPatterns: ['a.*'],
  filter: { op: 'eq', attribute: 'severity', value: 'CRITICAL' },
  type: 'exclusive',
  deliveryGuarantee: 'at_least_once',
  slowPolicy: 'block',
  status: 'active',
  createdAtMicros: 1_750_000_000_000_000,
  ...options,
});

/** What every {@link SubscriptionStore} keeps. `create` gives an empty one. */
export function describeSubscriptionStoreContract(name: string, create: () => Promise<SubscriptionStore>): void {
  describe(`${name} as a subscription store`, () => {
    let store: SubscriptionStore;
    beforeEach(async () => {
      store = await create();
    });

    it('gives a subscription back as it was created', async () => {
      const plain = aDurableSubscription({ subscriptionId: 'plain', filter: undefined, keyPatterns: [] });
      await store.create(aDurableSubscription());
      await store.create(plain);
      expect(await store.find('billing')).toEqual(aDurableSubscription());
      expect(await store.find('plain')).toEqual(plain);
      expect(await store.find('nothing')).toBeUndefined();
    });

    it('lists all, or those of one tenant', async () => {
      await store.create(aDurableSubscription());
      await store.create(aDurableSubscription({ subscriptionId: 'other', tenant: 'acme' }));
      expect(await store.list()).toHaveLength(2);
      expect((await store.list({ tenant: 'acme' })).map((one) => one.subscriptionId)).toEqual(['other']);
    });

    it('changes what is named and nothing else', async () => {
      await store.create(aDurableSubscription());
      const paused = await store.change('billing', { status: 'paused' });
      expect(paused).toEqual(aDurableSubscription({ status: 'paused' }));
      const open = await store.change('billing', { filter: undefined });
      expect(open).toEqual(aDurableSubscription({ status: 'paused', filter: undefined }));
      expect(await store.find('billing')).toEqual(open);
    });

    it('refuses a second subscription of a name, and what is not there', async () => {
      await store.create(aDurableSubscription());
      await expect(store.create(aDurableSubscription())).rejects.toMatchObject({ code: 'subscription.exists' });
      await expect(store.change('x', {})).rejects.toMatchObject({ code: 'subscription.not_found' });
      await expect(store.delete('x')).rejects.toMatchObject({ code: 'subscription.not_found' });
      await store.delete('billing');
      expect(await store.list()).toEqual([]);
    });
  });
}
