import { FakeClock } from '../testing/fake-clock.js';
import { InMemorySubscriptionStore } from '../testing/in-memory-subscription-store.js';
import { findOrCreate } from './durable-definition.js';
import type { SubscribeCommand } from './stream-commands.js';

const COMMAND: SubscribeCommand = {
  id: 's',
  selection: { topicPatterns: ['orders'], keyPatterns: [], filter: undefined },
  start: undefined,
  slowPolicy: 'block',
  maxRate: undefined,
  credit: undefined,
  durable: { name: 'billing', type: 'shared', subscriberService: 'billing', deliveryGuarantee: 'at_least_once' },
};

/** Whoever looks for a subscription sees none before others have made it. */
class Blind extends InMemorySubscriptionStore {
  private looks = 0;

  override find(name: string) {
    return this.looks++ < 2 ? Promise.resolve(undefined) : super.find(name);
  }
}

describe('a durable subscription that is made when it is first asked for', () => {
  it('is the same for all who ask at the same time', async () => {
    const deps = { subscriptions: new Blind(), clock: new FakeClock() };
    const [one, other] = await Promise.all([
      findOrCreate(deps, 'default', COMMAND),
      findOrCreate(deps, 'default', COMMAND),
    ]);
    expect(other).toEqual(one);
  });

  it('is not for those who ask for something else at the same time', async () => {
    const deps = { subscriptions: new Blind(), clock: new FakeClock() };
    const selection = { ...COMMAND.selection, topicPatterns: ['invoices'] };
    const asked = Promise.all([
      findOrCreate(deps, 'default', COMMAND),
      findOrCreate(deps, 'default', { ...COMMAND, selection }),
    ]);
    await expect(asked).rejects.toMatchObject({ code: 'subscription.exists' });
  });
});
