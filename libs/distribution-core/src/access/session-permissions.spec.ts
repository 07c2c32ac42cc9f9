import type { SubscribeCommand } from '../subscription/stream-commands.js';
import { principalOf, TenantWorld } from '../testing/tenant-world.js';
import type { Permission } from './principal.js';

const everything: readonly Permission[] = [{ verbs: ['subscribe'], topicPattern: '#', constraint: undefined }];
const highOnly: readonly Permission[] = [
  { verbs: ['subscribe'], topicPattern: '#', constraint: { op: 'eq', attribute: 'severity', value: 'high' } },
];

const aCommand = (type?: 'exclusive' | 'shared'): SubscribeCommand => ({
  id: 's',
  selection: { topicPatterns: ['@t/#'], keyPatterns: [], filter: undefined },
  start: { at: 'latest' },
  slowPolicy: 'block',
  maxRate: undefined,
  credit: undefined,
  ...(type !== undefined && {
    durable: { name: '@t/desk', type, deliveryGuarantee: 'at_least_once', subscriberService: 'desk' },
  }),
});

describe('the permissions of a session', () => {
  let world: TenantWorld;
  beforeEach(async () => {
    world = new TenantWorld();
    await world.addTopics(['a']);
  });
  afterEach(async () => {
    await world.competing.close();
    await world.fanOut.stop();
    await world.log.close();
  });

  const open = async (permissions: readonly Permission[], type?: 'exclusive' | 'shared') => {
    const opened = world.session(principalOf('t', permissions));
    await world.finish(opened.session.subscribe(aCommand(type)));
    return opened;
  };
  const publish = (...severities: string[]) =>
    world.publish(severities.map((severity) => ({ tenant: 't', path: 'a', severity, n: 1 })));
  const idsOf = ({ outlet }: Awaited<ReturnType<typeof open>>) =>
    outlet.of('data').flatMap((payload) => (payload.events ?? []).map((event) => event.event_id));

  it('do not disturb a subscription that they leave as it was', async () => {
    const one = await open(everything);
    await world.finish(one.session.changePrincipal(principalOf('t', [...everything, ...highOnly])));
    await publish('low');
    expect(one.outlet.of('subscribed')).toHaveLength(1);
    expect(idsOf(one)).toHaveLength(1);
  });

  it('cut what a durable subscription is sent, and leave its selection as it was asked for', async () => {
    const one = await open(highOnly, 'exclusive');
    const [, high] = await publish('low', 'high');
    expect(idsOf(one)).toEqual([high.record.eventId]);
    expect((await world.subscriptions.find('@t/desk'))?.filter).toBeUndefined();
    expect((await world.subscriptions.find('@t/desk'))?.tenant).toBe('t');
  });

  it('end a durable subscription when they change, whose place others may take at once', async () => {
    const one = await open(everything, 'exclusive');
    await publish('low');
    await world.finish(one.session.changePrincipal(principalOf('t', highOnly)));
    expect(one.outlet.of('error')).toMatchObject([{ id: 's', code: 'auth.forbidden', retryable: false }]);
    await publish('low', 'high');
    expect(idsOf(one)).toHaveLength(1);
    expect(one.session.subscriptionCount).toBe(0);
    const next = await open(highOnly, 'exclusive');
    await world.settled();
    expect(next.outlet.of('subscribed')).toHaveLength(1);
  });

  it('must be for all of a subscription whose events any of several readers may get', async () => {
    const opened = world.session(principalOf('t', highOnly));
    await expect(world.finish(opened.session.subscribe(aCommand('shared')))).rejects.toMatchObject({
      code: 'auth.forbidden',
    });
    expect(await world.subscriptions.find('@t/desk')).toBeUndefined();
    const one = await open(everything, 'shared');
    await publish('low');
    expect(idsOf(one)).toHaveLength(1);
    await world.finish(one.session.changePrincipal(principalOf('t', highOnly)));
    await publish('low', 'high');
    expect(idsOf(one)).toHaveLength(1);
    expect(one.outlet.of('error')).toMatchObject([{ code: 'auth.forbidden' }]);
  });

  it('leave what is left of the credit as it is', async () => {
    const one = world.session(principalOf('t', everything));
    await world.finish(one.session.subscribe({ ...aCommand(), credit: 3 }));
    await publish('high', 'high');
    await world.finish(one.session.changePrincipal(principalOf('t', highOnly)));
    await publish('high', 'high');
    expect(idsOf(one)).toHaveLength(3);
    one.session.credit('s', 1);
    await world.settled();
    expect(idsOf(one)).toHaveLength(4);
  });

  it('that permit nothing at all end everything', async () => {
    const one = await open(everything);
    await world.finish(one.session.changePrincipal(principalOf('t', [])));
    await publish('high');
    expect(idsOf(one)).toEqual([]);
    expect(one.outlet.of('error')).toMatchObject([{ id: 's', code: 'auth.forbidden' }]);
  });
});
