import { until } from '@distributary/distribution-core/testing';
import { openSharedStores, type ServiceProcesses, type SharedStores } from '@distributary/distribution-service/testing';
import { type Stream, subscribed } from './doors/door.js';
import { sseDoor } from './doors/server-sent-events.js';
import { aMetric, aService, type StoredEvent } from './events.js';
import { TestApp } from './harness.js';
import { startProcesses } from './service-processes.js';

const API = '/api/v1/monitoring';
const TERM_MS = 1_500;

/*
 *   figures ──▶ api, gateway ──▶ one log ──▶ worker: concludes and tells ──▶ alerts
 *                                      └──▶ worker: concludes, and tells when the other is gone
 */
describe('workers of one service', () => {
  let stores: SharedStores;
  let app: TestApp;
  let stream: Stream;
  let workers: ServiceProcesses[] = [];
  let env: Readonly<Record<string, string>>;
  const beganMs = Date.now() - 60_000;
  const [early, joined, late, calm] = [aService(), aService(), aService(), aService()];
  beforeAll(async () => {
    stores = await openSharedStores();
    env = { ...TestApp.surroundings(stores.env.EMBEDDED_DIR), ...stores.env, OWNERSHIP_TERM_MS: String(TERM_MS) };
    app = await TestApp.start({ ...env, ROLES: 'api,gateway' });
    workers = await Promise.all([1, 2].map(() => startProcesses({ ...env, ROLES: 'worker' })));
    stream = await subscribed(sseDoor, app, {
      patterns: ['monitoring/alerts/#'],
      services: [early, joined, late, calm],
    });
  }, 180_000);
  afterAll(async () => {
    await stream.close();
    for (const service of [...workers, app]) await service.stop();
    await stores.close();
  }, 60_000);

  /** A figure of the processors of a service, so many seconds after the test began to count. */
  const figure = (service: string, value: number, second: number) =>
    aMetric(service, value, 'cpu.utilization', { timestamp: new Date(beganMs + second * 1_000).toISOString() });
  const busy = async (service: string, from: number, to: number) => {
    for (let second = from; second <= to; second += 5) await app.publish(figure(service, 0.95, second));
  };
  const told = (service: string) =>
    (stream.record.received() as readonly StoredEvent[])
      .filter(({ data }) => data.service_name === service)
      .map(({ data }) => `${String(data.rule_id)} ${String(data.status)} ${String(data.started_at)}`);
  const alertOf = (status: string) => `cpu-busy ${status} ${new Date(beganMs).toISOString().replace(/Z$/, '')}`;
  const holders = async () => {
    const texts = await Promise.all(workers.map(async ({ httpUrl }) => (await fetch(`${httpUrl}/metrics`)).text()));
    return workers.filter((_, index) => /^duty_held\{[^}]*duty="alerts"[^}]*\} 1$/m.test(texts[index]));
  };

  it('tell an alert once', async () => {
    await until('one of them to tell', async () => (await holders()).length === 1, 30_000);
    await busy(early, 0, 30);
    await until('the alert', () => told(early).length > 0, 30_000);
    expect(told(early)).toEqual([expect.stringContaining(alertOf('raised'))]);
  }, 90_000);

  it('are joined by a third one in the middle of a breach, which tells nothing of it', async () => {
    await busy(joined, 0, 15);
    workers.push(await startProcesses({ ...env, ROLES: 'worker' }));
    // Long enough for it to conclude the same by itself, from what it has seen.
    await busy(joined, 20, 60);
    await until('the alert', () => told(joined).length > 0, 30_000);
    await app.publish(figure(joined, 0.1, 65));
    await until('the end', () => told(joined).length > 1, 30_000);
    expect(told(joined)).toEqual(['raised', 'resolved'].map((status) => expect.stringContaining(alertOf(status))));
    expect(await holders()).toHaveLength(1);
  }, 90_000);

  it('go on when the one that tells is killed: what lasted since before counts, and nothing is told again', async () => {
    await busy(late, 0, 20);
    const [holder] = await holders();
    holder.signal('SIGKILL');
    await until('its end', () => holder.hasEnded);
    workers = workers.filter((worker) => worker !== holder);
    // While nobody tells: one alert begins, another one begins and ends.
    await busy(late, 25, 30);
    await busy(calm, 0, 30);
    await app.publish(figure(calm, 0.1, 35));
    await until('the alerts', () => told(late).length > 0 && told(calm).length > 1, 30_000);
    await holder.stop();
    expect(told(late)).toEqual([expect.stringContaining(alertOf('raised'))]);
    expect(await holders()).toHaveLength(1);
    for (const service of [early, late]) await app.publish(figure(service, 0.1, 40));
    await until('the ends', () => told(early).length > 1 && told(late).length > 1, 30_000);
    for (const service of [early, joined, late, calm]) {
      expect(told(service)).toEqual(['raised', 'resolved'].map((status) => expect.stringContaining(alertOf(status))));
      const { body } = await app.get(`${API}/alerts/active?service=${service}`);
      expect(body).toEqual([]);
    }
    const ids = (stream.record.received() as readonly StoredEvent[]).map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(ids.length);
  }, 120_000);
});
