import { status as GrpcStatus } from '@grpc/grpc-js';
import { until } from '@distributary/distribution-core/testing';
import { openSharedStores, type SharedStores } from '@distributary/distribution-service/testing';
import { STREAM_DOORS } from './doors/all-doors.js';
import { subscribed } from './doors/door.js';
import { grpcClient } from './doors/grpc.js';
import { sseDoor } from './doors/server-sent-events.js';
import { aMetric, anAlert, aService, idsOf } from './events.js';
import { TestApp } from './harness.js';

const API = '/api/v1/monitoring';
const ROLES = ['api', 'gateway', 'router', 'worker'] as const;

/*
 *   events ──▶ api ──▶ one log ──▶ gateway ──▶ streams
 *                        │ ▲
 *                        ▼ │
 *                      worker, router
 */
describe('a service of four processes, each with one role', () => {
  let stores: SharedStores;
  const apps = new Map<string, TestApp>();
  const as = (role: (typeof ROLES)[number]) => apps.get(role) as TestApp;
  beforeAll(async () => {
    stores = await openSharedStores();
    for (const role of ROLES) apps.set(role, await TestApp.start({ ...stores.env, ROLES: role }));
  }, 120_000);
  afterAll(async () => {
    for (const app of apps.values()) await app.stop();
    await stores.close();
  }, 60_000);

  it.each(ROLES)('says of the process with the role %s that it is ready, and that this is its role', async (role) => {
    const { status, body } = await as(role).get('/health/ready');
    expect([status, body]).toMatchObject([200, { status: 'ready', roles: [role] }]);
    expect((await as(role).get('/metrics')).status).toBe(200);
  });

  it.each(STREAM_DOORS)('streams at the gateway what the api took: $name', async (door) => {
    const service = aService();
    const stream = await subscribed(door, as('gateway'), { services: [service], data_types: ['ALERTS'] });
    const event = anAlert(service);
    await as('api').publish(event);
    expect(idsOf(await stream.record.events(1))).toEqual([event.event_id]);
    await stream.close();
  });

  it('reads figures at the api, whoever streams', async () => {
    const service = aService();
    await as('api').publish(aMetric(service, 7));
    await until('the figure', async () => (await as('api').get(`${API}/metrics/${service}/latest`)).status === 200);
  });

  it('raises alerts in the worker, of which the api and the gateway know', async () => {
    const service = aService();
    const stream = await subscribed(sseDoor, as('gateway'), { services: [service], data_types: ['ALERTS'] });
    // The rule that waits for nothing.
    await as('api').publish(aMetric(service, 5, 'dead_letters.growth'));
    const [alert] = await stream.record.events(1);
    expect(alert).toMatchObject({ data: { service_name: service, status: 'raised' } });
    await until('the api knows', async () => {
      const { body } = await as('api').get(`${API}/alerts/active`);
      return JSON.stringify(body).includes(service);
    });
    await stream.close();
  });

  it('answers route.not_found at the doors of roles that a process does not have', async () => {
    const missing = [
      await as('api').get(`${API}/stream`),
      await as('gateway').post(`${API}/events`, [anAlert(aService())]),
      await as('gateway').get(`${API}/topics`),
      await as('worker').get(`${API}/topics`),
      await as('router').get(`${API}/stream`),
    ];
    for (const { status, body } of missing) expect([status, body.code]).toEqual([404, 'route.not_found']);
  });

  it('has them in no document', () => {
    const paths = (role: (typeof ROLES)[number]) => as(role).routes.map(({ path }) => path);
    expect(paths('api')).toContain(`${API}/topics`);
    expect(paths('api')).not.toContain(`${API}/stream`);
    expect(paths('gateway')).toContain(`${API}/stream`);
    expect(paths('worker').filter((path) => path.startsWith(API))).toEqual([]);
  });

  it('answers UNIMPLEMENTED over gRPC', async () => {
    const codeOf = (role: (typeof ROLES)[number]) =>
      new Promise<number>((resolve) => {
        const client = grpcClient(as(role));
        const call = client.StreamMonitoring({ data_types: ['ALERTS'] });
        call.on('data', () => {
          resolve(GrpcStatus.OK);
          call.cancel();
        });
        call.on('error', ({ code }: { code: number }) => resolve(code));
        call.on('close', () => client.close());
      });
    expect(await codeOf('gateway')).toBe(GrpcStatus.OK);
    expect(await codeOf('api')).toBe(GrpcStatus.UNIMPLEMENTED);
    expect(await codeOf('worker')).toBe(GrpcStatus.UNIMPLEMENTED);
  });
});
