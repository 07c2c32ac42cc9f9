import { FakeClock } from '../testing/fake-clock.js';
import { InMemorySubscriptionStore } from '../testing/in-memory-subscription-store.js';
import { asStored, findOrCreate } from './durable-definition.js';
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

describe('a reader of a durable subscription that promises at least once', () => {
  it('may not ask for a policy that leaves events out, whatever guarantee it says', async () => {
    const deps = { subscriptions: new InMemorySubscriptionStore(), clock: new FakeClock() };
    const exclusive = { ...COMMAND, durable: { ...COMMAND.durable!, type: 'exclusive' as const } };
    await findOrCreate(deps, 'default', exclusive);
    const lossy = {
      ...exclusive,
      slowPolicy: 'conflate' as const,
      durable: { ...exclusive.durable, deliveryGuarantee: 'at_most_once' as const },
    };
    await expect(findOrCreate(deps, 'default', lossy)).rejects.toMatchObject({
      code: 'request.invalid',
      problems: [{ path: 'slow_policy' }],
    });
  });
});

describe('a durable subscription that was stored as none may be any more', () => {
  it('is refused to whoever wants to receive it', async () => {
    const replays = { letters: { nameOf: (tenant: string) => `${tenant}/letters` } };
    const deps = { subscriptions: new InMemorySubscriptionStore(), clock: new FakeClock() };
    const mixed = {
      ...COMMAND,
      durable: { ...COMMAND.durable!, type: 'shared' as const },
      selection: { ...COMMAND.selection, topicPatterns: ['default/letters'] },
    };
    await findOrCreate(deps, 'default', mixed);
    await expect(findOrCreate({ ...deps, replays }, 'default', mixed)).rejects.toMatchObject({
      code: 'request.invalid',
      problems: [{ path: 'patterns[0]' }],
    });
  });
});

describe('a command to a durable subscription that exists', () => {
  const { durable, ...others } = COMMAND;
  const leaving = (...left: ('selection' | 'slowPolicy')[]): SubscribeCommand => ({
    ...others,
    durable: { ...durable!, asStored: left },
    selection: { topicPatterns: ['#'], keyPatterns: [], filter: undefined },
  });
  const deps = { subscriptions: new InMemorySubscriptionStore(), clock: new FakeClock() };
  beforeAll(() => findOrCreate(deps, 'default', { ...COMMAND, slowPolicy: 'disconnect' }));

  it('has what its client left to it as it is stored', async () => {
    expect(await asStored(deps.subscriptions, leaving('selection', 'slowPolicy'))).toMatchObject({
      selection: { topicPatterns: ['orders'] },
      slowPolicy: 'disconnect',
    });
    expect(await asStored(deps.subscriptions, leaving('selection'))).toMatchObject({
      selection: { topicPatterns: ['orders'] },
      slowPolicy: 'block',
    });
  });

  it('has the rest as its client said, and all of it if there is none of the name', async () => {
    expect(await asStored(deps.subscriptions, COMMAND)).toBe(COMMAND);
    const command = { ...leaving('selection'), durable: { ...durable!, name: 'nobody' } };
    expect(await asStored(deps.subscriptions, command)).toBe(command);
  });
});
