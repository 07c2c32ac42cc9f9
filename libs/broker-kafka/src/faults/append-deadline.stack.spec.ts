import { noMetrics } from '@distributary/distribution-core';
import { anEvent, idsOf, readAll } from '@distributary/distribution-core/testing';
import { startKafka, type TestServer } from '../../../../tools/stack/src/index.js';
import { askProducerId } from '../append/producer-ids.js';
import { KAFKA } from '../kafka.errors.js';
import { writeBatch } from '../records/record-batch.js';
import { RecordWriter } from '../records/record-writer.js';
import { aKafkaLog, type KafkaHarness } from '../testing/kafka-harness.js';
import { brokerAddress, Cluster } from '../wire/cluster.js';
import { produceRequest } from '../wire/produce-request.js';

const FOREVER = { ms: 0, bytes: 0 };
const TIMEOUT_MS = 4_000;
const REQUEST_TIMEOUT_MS = 3_000;
/** Deadlines are looked at every 250 ms; the rest is for a busy machine. */
const LATER_MS = 1_500;

let kafka: TestServer;
let harness: KafkaHarness;
let timeouts = 0;

beforeAll(async () => {
  kafka = await startKafka();
  harness = await aKafkaLog(kafka.url, {
    timeoutMs: TIMEOUT_MS,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    metrics: {
      ...noMetrics,
      counter: (name) => ({ add: () => void (name === 'broker_append_timeouts_total' && timeouts++) }),
    },
  });
}, 180_000);

afterAll(async () => {
  await harness?.dispose();
  await kafka?.stop('SIGKILL');
}, 60_000);

const toLanes = (partitions: readonly number[], eventId: string) =>
  partitions.map((partition) => ({ topic: 'orders', partition, records: [anEvent({ eventId })] }));

const eventsOf = async (topic: string, partition = 0) => idsOf(await readAll(harness.log, topic, partition));

describe('a broker that hangs', () => {
  it('has appends wait for no longer than their time, whatever they are, and what comes later lies behind them', async () => {
    const { log } = harness;
    await log.createTopic('orders', 3, FOREVER);
    const both = [0, 1];
    const [{ lane, last }] = await log.append(toLanes([2], 'source'));
    const commit = { group: 'movers', positions: [{ ...lane, position: last }] };
    const append = (eventId: string) => [
      log.append(toLanes([0], `${eventId}-one`)),
      log.append(toLanes(both, `${eventId}-both`)),
      log.append(toLanes(both, `${eventId}-moved`), commit),
    ];
    await Promise.all(append('before'));
    kafka.freeze();
    const startMs = performance.now();
    const told = append('meanwhile').map((call) => call.catch((error: unknown) => error));
    const errors = await Promise.all(told);
    const afterMs = performance.now() - startMs;
    kafka.goOn();
    for (const error of errors) expect(error).toMatchObject({ code: 'broker.unavailable', retryable: true });
    expect(afterMs).toBeLessThan(TIMEOUT_MS + LATER_MS);
    expect(timeouts).toBe(3);
    // Refused at first, as long as nobody knows what has become of the transactions before.
    let after = await Promise.allSettled(append('after'));
    for (let tries = 0; tries < 5 && after.some(({ status }) => status === 'rejected'); tries++) {
      after = await Promise.allSettled(append('after'));
    }
    expect(after.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    const [zero, one] = [await eventsOf('orders'), await eventsOf('orders', 1)];
    const phases = (ids: readonly string[]) =>
      ids.map((id) => ['before', 'meanwhile', 'after'].indexOf(id.split('-')[0]));
    for (const lane of [zero, one]) expect(phases(lane)).toEqual(phases(lane).sort());
    // All or nothing of what was told to be neither.
    const shared = (ids: readonly string[]) => ids.filter((id) => !id.endsWith('-one'));
    expect(shared(zero)).toEqual(shared(one));
  }, 120_000);
});

describe('a batch that nobody waits for any more', () => {
  it('is refused once its writer has written in a later epoch', async () => {
    const { log, prefix } = harness;
    await log.createTopic('overtaken', 1, FOREVER);
    const cluster = new Cluster([brokerAddress(kafka.url)], { clientId: 'test', options: {} });
    const { epoch, partitions } = await cluster.topic(`${prefix}overtaken`);
    const id = await askProducerId(await cluster.anyBroker(), null, 0);
    const write = async (eventId: string, producerEpoch: number, sequence: number) => {
      const bytes = new RecordWriter().write([anEvent({ eventId })]);
      const batch = writeBatch(bytes, 1, Date.now(), 0, { ...id, producerEpoch, sequence, isTransactional: false });
      const request = produceRequest([{ epoch, partition: 0, batch }], REQUEST_TIMEOUT_MS);
      const [{ errorCode }] = await cluster.node(partitions[0].leader, 'produce').request(request);
      return errorCode;
    };
    expect(await write('first', 0, 0)).toBe(KAFKA.none);
    expect(await write('later', 1, 0)).toBe(KAFKA.none);
    expect(await write('too late', 0, 1)).toBe(KAFKA.invalidProducerEpoch);
    await cluster.close();
    expect(await eventsOf('overtaken')).toEqual(['first', 'later']);
  }, 60_000);
});
