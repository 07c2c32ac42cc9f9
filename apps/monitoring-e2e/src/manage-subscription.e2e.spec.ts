import { randomUUID } from 'node:crypto';
import { type AnyClient, ask, clientOf, type Fields } from './doors/grpc-service.js';
import { webSocketDoor } from './doors/web-socket.js';
import { alerts, alertsOf, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

describe('ManageSubscription, the one method with many actions', () => {
  let app: TestApp;
  let client: AnyClient;
  beforeAll(async () => {
    app = await TestApp.start();
    client = clientOf(app, 'distributary.monitoring.v1.MonitoringStream');
  }, 60_000);
  afterAll(async () => {
    client.close();
    await app.stop();
  }, 60_000);

  const manage = (request: Fields) => ask(app, client, 'ManageSubscription', request);
  const create = (service: string, more: Fields = {}) =>
    manage({
      action: 'CREATE',
      subscription_id: randomUUID(),
      services: [service],
      data_types: ['ALERTS'],
      subscriber_service: 'desk',
      type: 'failover',
      ...more,
    });

  it('creates one that misses nothing from then on, and shows it', async () => {
    const service = aService();
    const created = await create(service, { slow_policy: 'block', fields: ['data.number'] });
    expect(created).toMatchObject({
      subscriber_service: 'desk',
      patterns: ['monitoring/#'],
      type: 'failover',
      delivery_guarantee: 'at_least_once',
      slow_policy: 'block',
      status: 'active',
      fields: ['data.number'],
    });
    expect(JSON.parse(created.filter as string)).toMatchObject({ op: 'and' });
    const id = created.subscription_id as string;
    const shown = await manage({ action: 'GET', subscription_id: id });
    expect(shown).toMatchObject({ ...created, positions: expect.any(Array) });
    expect((await app.get(`/api/v1/monitoring/subscriptions/${id}`)).body).toMatchObject({
      subscription_id: id,
      subscriber_service: 'desk',
      status: 'active',
    });

    const sent = alerts(service, 2);
    await app.publish(...sent);
    const reader = await webSocketDoor.connect(app);
    reader.send('subscribe', { id: 's', name: id, type: 'failover', ...alertsOf(service) });
    expect(idsOf(await reader.record.events(2))).toEqual(idsOf(sent));
    await reader.close();
  });

  it('starts one where it is told to', async () => {
    const service = aService();
    const sent = alerts(service, 3);
    await app.publish(...sent);
    const { subscription_id: name } = await create(service, { start: { at: 'earliest' }, type: 'exclusive' });
    const reader = await webSocketDoor.connect(app);
    reader.send('subscribe', { id: 's', name: name as string, type: 'exclusive', ...alertsOf(service) });
    expect(idsOf(await reader.record.events(3))).toEqual(idsOf(sent));
    await reader.close();
  });

  it('pauses one whose reader is told, and resumes it without a gap', async () => {
    const service = aService();
    const { subscription_id: name } = (await create(service)) as { subscription_id: string };
    const reader = await webSocketDoor.connect(app);
    const asked = { id: 's', name, type: 'failover', ...alertsOf(service) } as const;
    reader.send('subscribe', asked);
    await reader.record.next('subscribed');
    expect(await manage({ action: 'PAUSE', subscription_id: name })).toMatchObject({ status: 'paused' });
    expect(await reader.record.next('error')).toMatchObject({ code: 'subscription.paused' });
    const sent = alerts(service, 2);
    await app.publish(...sent);
    expect(await manage({ action: 'RESUME', subscription_id: name })).toMatchObject({ status: 'active' });
    reader.send('subscribe', asked);
    expect(idsOf(await reader.record.events(2))).toEqual(idsOf(sent));
    await reader.close();
  });

  it('lists them page by page, and forgets one that is deleted', async () => {
    const listed = async () => {
      const found: string[] = [];
      let cursor: unknown;
      for (let hasMore: unknown = true; hasMore === true;) {
        const page = await manage({ action: 'LIST', limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        const items = page.items as { subscription_id: string }[];
        expect(items.length).toBeLessThanOrEqual(2);
        found.push(...items.map((item) => item.subscription_id));
        ({ cursor, has_more: hasMore } = page);
      }
      return found;
    };
    const made: unknown[] = [];
    for (let index = 0; index < 3; index++) made.push((await create(aService())).subscription_id);
    expect(await listed()).toEqual(expect.arrayContaining(made));
    const [gone] = made;
    expect(await manage({ action: 'DELETE', subscription_id: gone })).toMatchObject({ status: 'deleted' });
    const left = await listed();
    expect(left).toEqual(expect.arrayContaining(made.slice(1)));
    expect(left).not.toContain(gone);
    await expect(manage({ action: 'GET', subscription_id: gone })).rejects.toMatchObject({
      status: 5,
      code: 'subscription.not_found',
    });
  });

  it('refuses what is no action, what names nothing, and what is there already', async () => {
    const { subscription_id: name } = await create(aService());
    await expect(manage({})).rejects.toMatchObject({
      status: 3,
      code: 'request.invalid',
      errors: [{ path: 'action' }, { path: 'subscription_id' }],
    });
    await expect(create(aService(), { subscription_id: name })).rejects.toMatchObject({ code: 'subscription.exists' });
    await expect(create(aService(), { type: 'solo', slow_policy: 'never' })).rejects.toMatchObject({
      errors: [{ path: 'type' }, { path: 'slow_policy' }],
    });
    for (const action of ['GET', 'PAUSE', 'RESUME', 'DELETE']) {
      await expect(manage({ action, subscription_id: 'nobody' })).rejects.toMatchObject({
        code: 'subscription.not_found',
      });
    }
  });
});
