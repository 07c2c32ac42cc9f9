import { connect, type DistributaryClient, type SubscribeOptions } from 'distributary';
import { until } from '@distributary/distribution-core/testing';
import type { ServiceProcesses } from '@distributary/distribution-service/testing';
import { alerts, aService, idsOf } from './events.js';
import { startProcesses } from './service-processes.js';

const API = '/api/v1/monitoring';
const GATEWAYS = ['api-gateway-1', 'api-gateway-2'];
/** A connection that was on its way to a process when that was killed is answered by nobody, and nobody closes it. */
const POST_TIMEOUT_MS = 2_000;

/*
 *                  ┌──▶ api-gateway-1 ──┐
 *   one port ──────┤                    ├── one log, one database ──▶ router-worker
 *   (the primary)  └──▶ api-gateway-2 ──┘
 */
describe('one service of several processes', () => {
  let service: ServiceProcesses;
  const clients: DistributaryClient[] = [];
  beforeAll(async () => {
    service = await startProcesses({ PROCESSES: '2' });
  }, 180_000);
  afterAll(async () => {
    for (const client of clients) client.close();
    await service.stop();
  }, 60_000);

  const post = async (path: string, body: unknown) => {
    const response = await fetch(service.httpUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(POST_TIMEOUT_MS),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  /** Until it is taken: a process that is killed takes the requests with it that it had. */
  const publish = async (events: readonly object[]) => {
    await until('the events to be taken', async () => {
      const answer = await post(`${API}/events`, events).catch(() => undefined);
      return answer?.status === 202;
    });
  };
  const reader = (of: string, more: SubscribeOptions = {}) => {
    const client = connect(service.httpUrl);
    clients.push(client);
    const received: string[] = [];
    const gaps: unknown[] = [];
    const subscription = client.subscribe(
      { services: [of], dataTypes: ['ALERTS'], ...more },
      { onEvent: ({ event_id }) => void received.push(String(event_id)), onGap: (gap) => void gaps.push(gap) },
    );
    return { subscription, received, gaps };
  };

  it('shares one port of HTTP, and one of gRPC, and has all roles between its processes', async () => {
    const { status, body } = await fetch(`${service.httpUrl}/health/ready`).then(async (response) => ({
      status: response.status,
      body: (await response.json()) as object,
    }));
    expect([status, body]).toMatchObject([200, { status: 'ready', roles: ['api', 'gateway'] }]);
    const [first, ...others] = service.of('process.ready').map((line) => line.process);
    expect([first, ...others.sort()]).toEqual(['router-worker', ...GATEWAYS]);
  });

  it('lets a client go on at another gateway where it was, whenever one is killed', async () => {
    const name = aService();
    const readers = [reader(name), reader(name), reader(name)];
    await until('all subscribed', () => readers.every(({ subscription }) => subscription.cursor !== undefined));
    const events = alerts(name, 200);
    let published = 0;
    for (const gateway of GATEWAYS) {
      const killed = service.killAndWait(gateway);
      for (const event of events.slice(published, published + 100)) await publish([event]);
      published += 100;
      await killed;
    }
    await until('everything', () => readers.every(({ received }) => received.length >= events.length), 30_000);
    for (const { received, gaps } of readers) {
      expect(gaps).toEqual([]);
      expect(received).toEqual(idsOf(events));
    }
  }, 120_000);

  it('is replaced process by process without anything missing', async () => {
    const name = aService();
    const { subscription, received, gaps } = reader(name, {
      name: aService(),
      deliveryGuarantee: 'at_least_once',
      autoAck: true,
    });
    await until('subscribed', () => subscription.cursor !== undefined);
    const before = [...GATEWAYS, 'router-worker'].map((one) => service.pidOf(one));
    service.signal('SIGUSR2');
    const events = alerts(name, 200);
    for (const event of events) await publish([event]);
    await until('the restart', () => service.of('processes.restarted').length === 1, 150_000);
    await until('everything', () => new Set(received).size >= events.length, 30_000);
    expect(gaps).toEqual([]);
    expect([...new Set(received)]).toEqual(idsOf(events));
    const after = [...GATEWAYS, 'router-worker'].map((one) => service.pidOf(one));
    expect(after.some((pid) => before.includes(pid))).toBe(false);
    expect(service.of('process.killed')).toEqual([]);
  }, 240_000);

  it('drains all of them when it is told to stop', async () => {
    service.signal('SIGTERM');
    await until('its end', () => service.hasEnded, 30_000);
    expect(service.exitCode).toBe(0);
    // Each replaced one of the restart before, and each of those that there were at the end.
    expect(service.of('process.drained')).toHaveLength(6);
  }, 60_000);
});
