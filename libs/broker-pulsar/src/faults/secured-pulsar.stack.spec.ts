import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { BEFORE_FIRST } from '@distributary/distribution-core';
import { anEvent, Follower, until } from '@distributary/distribution-core/testing';
import { type SecurePulsarForTest, startSecurePulsar } from '../../../../tools/stack/src/index.js';
import { pulsarConfig } from '../pulsar.config.js';
import { PulsarLog } from '../pulsar-log.js';
import { pulsarLogOptions } from '../pulsar-options.js';
import { ids, systemClock } from '../testing/pulsar-harness.js';

let pulsar: SecurePulsarForTest;
let folder: string;
const logs: PulsarLog[] = [];

beforeAll(async () => {
  pulsar = await startSecurePulsar();
  folder = mkdtempSync(path.join(os.tmpdir(), 'distributary-certificates-'));
  writeFileSync(path.join(folder, 'ca.pem'), pulsar.certificates.ca);
  writeFileSync(path.join(folder, 'other.pem'), pulsar.certificates.otherCa);
}, 180_000);

afterAll(async () => {
  await Promise.all(logs.map((log) => log.close()));
  rmSync(folder, { recursive: true, force: true });
  await pulsar?.stop('SIGKILL');
}, 60_000);

/** As a service opens it, from its environment. */
async function open(environment: Readonly<Record<string, string>>): Promise<PulsarLog> {
  const config = pulsarConfig.parse({ PULSAR_TIMEOUT_MS: '8000', PULSAR_URL: pulsar.url, ...environment });
  const log = await PulsarLog.open({ ...pulsarLogOptions(config), clock: systemClock, ids });
  logs.push(log);
  return log;
}

/** What a service needs of a Pulsar: a namespace, topics, appends, positions of groups, reading. */
async function expectUsable(log: PulsarLog, topic: string): Promise<void> {
  await log.createTopic(topic, 2, { ms: 3_600_000, bytes: 0 });
  const lanes = [0, 1].map((partition) => ({ topic, partition, records: [anEvent({ eventId: `of ${partition}` })] }));
  const [{ lane, last }] = await log.append(lanes);
  const positions = [{ ...lane, position: last }];
  await log.commit({ group: 'readers', positions });
  expect(await log.committed('readers')).toEqual(positions);
  const follower = new Follower(log, { topic, partition: 1, after: BEFORE_FIRST });
  await until('the event', () => follower.eventIds.length === 1);
  await follower.stop();
  await log.deleteGroup('readers');
  await log.deleteTopic(topic);
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a secured Pulsar', () => {
  it('is used with a token', async () => {
    await expectUsable(await open({ PULSAR_TOKEN: pulsar.tokens.service }), 'by-token');
  }, 60_000);

  it('is used over TLS', async () => {
    const tls = { PULSAR_URL: pulsar.tlsUrl, PULSAR_TLS_CA_FILE: path.join(folder, 'ca.pem') };
    await expectUsable(await open({ ...tls, PULSAR_TOKEN: pulsar.tokens.service }), 'over-tls');
  }, 60_000);

  it.each([
    ['without a token', () => ({})],
    ['with a token of somebody else', () => ({ PULSAR_TOKEN: `${pulsar.tokens.service.slice(0, -4)}AAAA` })],
    ['with rights to nothing', () => ({ PULSAR_TOKEN: pulsar.tokens.stranger })],
  ])(
    'says so at once: %s',
    async (_, environment) => {
      const startMs = performance.now();
      const failure = await failureOf(open(environment()));
      expect(failure).toMatchObject({ code: 'broker.unavailable' });
      expect((failure as Error).message).toMatch(/40[13]/);
      expect((failure as Error).message).not.toContain(pulsar.tokens.stranger);
      // It will not become right: the time-out of 8 s is not waited for.
      expect(performance.now() - startMs).toBeLessThan(4_000);
    },
    60_000,
  );

  it('is not believed when somebody else signed its certificate', async () => {
    const tls = { PULSAR_URL: pulsar.tlsUrl, PULSAR_TLS_CA_FILE: path.join(folder, 'other.pem') };
    const failure = await failureOf(open({ ...tls, PULSAR_TOKEN: pulsar.tokens.service }));
    expect(failure).toMatchObject({ code: 'broker.unavailable' });
    expect((failure as Error).message).toMatch(/certificate/i);
  }, 60_000);
});
