import { openSharedStores, type SharedStores } from '@distributary/distribution-service/testing';
import { until } from '@distributary/distribution-core/testing';
import { subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/monitoring';

/*
 *   PATCH, DELETE ──▶ service one ──▶ PostgreSQL ──notify──▶ service two ◀── events
 *                         └──────────── one log ─────────────────┘
 */
describe('two services on one database and one log', () => {
  let stores: SharedStores;
  const apps: TestApp[] = [];
  beforeAll(async () => {
    stores = await openSharedStores();
    apps.push(await TestApp.start(stores.env), await TestApp.start(stores.env));
  }, 120_000);
  afterAll(async () => {
    for (const app of apps) await app.stop();
    await stores.close();
  }, 60_000);

  it('route by the same rules, whichever of them was asked to change them', async () => {
    const [one, two] = apps;
    const service = aService();
    const created = await one.post(`${API}/routing/rules`, {
      name: 'everywhere',
      source_pattern: 'monitoring/alerts/critical',
      condition: `service == "${service}"`,
      target_topic: 'monitoring/optimization',
    });
    expect(created.status).toBe(201);
    const path = `${API}/routing/rules/${String(created.body.id)}`;
    await until('the other has it', async () => (await two.get(path)).status === 200);
    const reader = await subscribed(sseDoor, one, { patterns: ['monitoring/optimization'], services: [service] });
    const event = anAlert(service);
    await two.publish(event);
    expect(idsOf(await reader.record.events(1))).toEqual([event.event_id]);
    expect((await two.patch(path, { enabled: false })).status).toBe(200);
    await until('the first has it', async () => (await one.get(path)).body.enabled === false);
    await one.publish(anAlert(service));
    expect((await one.delete(path)).status).toBe(204);
    await until('gone there, too', async () => (await two.get(path)).status === 404);
    expect(reader.record.received()).toHaveLength(1);
    await reader.close();
  }, 60_000);
});
