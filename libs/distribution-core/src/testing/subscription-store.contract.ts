import type { CursorStore } from '../ports/cursor-store.port.js';
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

export interface SubscriptionStoreWorld {
  readonly store: SubscriptionStore;
  /** Of the same subscriptions. */
  readonly cursors: CursorStore;
}

/** What every {@link SubscriptionStore} keeps. `create` gives an empty one. */
export function describeSubscriptionStoreContract(name: string, create: () => Promise<SubscriptionStoreWorld>): void {
  describe(`${name} as a subscription store`, () => {
    let store: SubscriptionStore;
    let cursors: CursorStore;
    beforeEach(async () => {
      ({ store, cursors } = await create());
    });

    it('gives a subscription back as it was created', async () => {
      const plain = aDurableSubscription({ subscriptionId: 'plain', filter: undefined, keyPatterns: [] });
      await store.create(aDurableSubscription());
      await store.create(plain);
      expect(await store.find('billing')).toEqual(aDurableSubscription());
      expect(await store.find('plain')).toEqual(plain);
      expect(await store.find('nothing')).toBeUndefined();
    });

    it('remembers where it was to begin', async () => {
      for (const start of ['earliest', 'position'] as const) {
        await store.create(aDurableSubscription({ subscriptionId: start, start }));
        await store.change(start, { status: 'paused' });
        expect((await store.find(start))?.start).toBe(start);
      }
      await store.create(aDurableSubscription());
      expect((await store.find('billing'))?.start).toBeUndefined();
    });

    it('keeps what its events are made into, until that is changed', async () => {
      const output = {
        transformation: { steps: [{ map: { 'data.z': { value: 1 }, 'data.a': { value: 2 } } }] },
        fields: ['data.a'],
        format: 'cloudevents',
      } as const;
      await store.create(aDurableSubscription({ output }));
      expect((await store.find('billing'))?.output).toEqual(output);
      await store.change('billing', { status: 'paused' });
      expect((await store.find('billing'))?.output).toEqual(output);
      await store.change('billing', { output: undefined });
      expect((await store.find('billing'))?.output).toBeUndefined();
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

    it('changes what it selects, and what it is called by whom', async () => {
      await store.create(aDurableSubscription());
      const change = { topicPatterns: ['a/b', 'c/#'], keyPatterns: [], subscriberService: 'other' };
      expect(await store.change('billing', change)).toEqual(aDurableSubscription(change));
      expect(await store.find('billing')).toEqual(aDurableSubscription(change));
    });

    it('changes and deletes nothing that its check refuses', async () => {
      await store.create(aDurableSubscription());
      const refuse = ({ status }: DurableSubscription) => {
        throw new Error(status);
      };
      await expect(store.change('billing', { status: 'paused' }, refuse)).rejects.toThrow();
      await expect(store.delete('billing', refuse)).rejects.toThrow();
      expect(await store.find('billing')).toEqual(aDurableSubscription());
    });

    it('raises the revision of a subscription with each change, and of no other', async () => {
      await store.create(aDurableSubscription());
      await store.create(aDurableSubscription({ subscriptionId: 'other' }));
      const before = await store.revisions(['billing', 'other', 'nothing']);
      expect([...before.keys()].sort()).toEqual(['billing', 'other']);
      await store.change('billing', { status: 'paused' });
      const after = await store.revisions(['billing', 'other']);
      expect(after.get('billing')).toBeGreaterThan(before.get('billing') as number);
      expect(after.get('other')).toBe(before.get('other'));
    });

    it('keeps both of two changes that overlap', async () => {
      await store.create(aDurableSubscription());
      await Promise.all([
        store.change('billing', { status: 'paused' }),
        store.change('billing', { slowPolicy: 'disconnect' }),
        store.change('billing', { filter: undefined }),
      ]);
      expect(await store.find('billing')).toEqual(
        aDurableSubscription({ status: 'paused', slowPolicy: 'disconnect', filter: undefined }),
      );
    });

    it('does not bring back what is deleted while it is changed', async () => {
      for (let round = 0; round < 5; round++) {
        await store.create(aDurableSubscription());
        await Promise.allSettled([
          store.change('billing', { status: 'paused' }),
          store.delete('billing'),
          store.change('billing', { slowPolicy: 'disconnect' }),
        ]);
        expect(await store.find('billing')).toBeUndefined();
      }
    });

    it('deletes positions and ownership with the subscription, so that a successor begins anew', async () => {
      await store.create(aDurableSubscription());
      const ownership = await cursors.acquire('billing', 'me', 60_000);
      if (ownership === 'taken') throw new Error('taken');
      await cursors.store(ownership, [{ topic: 'alerts', partition: 0, epoch: 'e1', position: '19' }]);
      await store.delete('billing');
      await store.create(aDurableSubscription());
      expect(await cursors.load('billing')).toEqual([]);
      expect(await cursors.acquire('billing', 'other', 60_000)).not.toBe('taken');
      expect(await cursors.renew(ownership)).toBe('lost');
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
