import { noMetrics } from '@distributary/distribution-core';
import { anEvent, FakeClock, until } from '@distributary/distribution-core/testing';
import { connectionLost } from '../pulsar.errors.js';
import { PulsarMetrics } from '../pulsar-metrics.js';
import { positionAt } from '../records/message-position.js';
import { FakePulsarLane } from '../testing/fake-pulsar-lane.js';
import { ORDERS, retryingBy } from '../testing/orders-topic.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import { AppendQueue } from './append-queue.js';

const LOOK_MS = 5_000;
const TIMEOUT_MS = 15_000;

/** Looks at topics are answered as the test says, each in turn. */
function appending(...looks: ((clock: FakeClock) => Promise<PulsarTopic>)[]) {
  const clock = new FakeClock();
  const pulsar = new FakePulsarLane();
  let timeouts = 0;
  const metrics = new PulsarMetrics({
    ...noMetrics,
    counter: (name) => ({ add: () => void (name === 'broker_append_timeouts_total' && timeouts++) }),
  });
  const look = () => (looks.length > 1 ? looks.shift() : looks[0])?.(clock) ?? Promise.resolve(ORDERS);
  const parts = {
    lines: pulsar,
    directory: { find: () => Promise.resolve(ORDERS) },
    retrying: retryingBy(clock),
    clock,
    metrics,
    requestTimeoutMs: 1_000_000,
    newProducerName: () => 'producer',
    endOf: () => Promise.resolve(positionAt(5, 0)),
    locate: () => Promise.resolve([]),
  };
  const limits = { maxInFlightBytes: 1e9, maxRecordBytes: 1e6, timeoutMs: TIMEOUT_MS };
  const queue = new AppendQueue(parts, clock, { topic: look, lastSeen: () => undefined }, limits, metrics);
  const startedMs = clock.monotonicMs();
  /** What comes of an append, and when. */
  const append = async (eventId: string) => {
    const outcome = await queue.append([{ topic: 'orders', partition: 0, records: [anEvent({ eventId })] }]).then(
      () => 'there',
      (error: { code: string }) => error.code,
    );
    return { outcome, afterMs: clock.monotonicMs() - startedMs };
  };
  const settled = async <Result>(what: string, promise: Promise<Result>): Promise<Result> => {
    let isSettled = false;
    void promise.finally(() => (isSettled = true));
    await until(what, () => {
      clock.advance(100);
      return isSettled;
    });
    return promise;
  };
  return { append, settled, queue, pulsar, timeouts: () => timeouts };
}

const answeredAfter = (ms: number) => (clock: FakeClock) =>
  new Promise<PulsarTopic>((resolve) => clock.after(ms, () => resolve(ORDERS)));
const unanswered = (clock: FakeClock) =>
  new Promise<PulsarTopic>((_, reject) => clock.after(LOOK_MS, () => reject(connectionLost('look'))));

describe('appends whose topics have to be looked up', () => {
  it('are told so after one look when Pulsar does not answer, however many they are, and the log can be closed', async () => {
    const { append, settled, queue, timeouts } = appending(unanswered);
    const answers = await settled('all answers', Promise.all(['a', 'b', 'c', 'd', 'e'].map(append)));
    expect(new Set(answers.map(({ outcome }) => outcome))).toEqual(new Set(['broker.unavailable']));
    expect(Math.max(...answers.map(({ afterMs }) => afterMs))).toBeLessThan(LOOK_MS + 1_000);
    expect(timeouts()).toBe(0);
    await queue.drained();
  });

  it('have the time for both, the look and the writing, from their call on; what is late is counted', async () => {
    const { append, settled, timeouts } = appending(answeredAfter(10_000));
    const { outcome, afterMs } = await settled('an answer', append('a'));
    expect(outcome).toBe('broker.unavailable');
    expect(afterMs).toBeGreaterThanOrEqual(TIMEOUT_MS);
    expect(afterMs).toBeLessThan(TIMEOUT_MS + 2_000);
    expect(timeouts()).toBe(1);
  });

  it('keep the order of their calls, whichever is looked up first', async () => {
    const { append, settled, queue, pulsar } = appending(
      answeredAfter(1_000),
      answeredAfter(100),
      answeredAfter(2_000),
    );
    const answers = Promise.all(['a', 'b', 'c'].map(append));
    let isOver = false;
    void answers.finally(() => (isOver = true));
    const taking = until('all are taken', () => {
      pulsar.take(10);
      pulsar.answer(10);
      return isOver;
    });
    expect((await settled('all answers', answers)).map(({ outcome }) => outcome)).toEqual(['there', 'there', 'there']);
    await taking;
    expect(pulsar.log.map(({ eventId }) => eventId)).toEqual(['a', 'b', 'c']);
    queue.close();
  });
});
