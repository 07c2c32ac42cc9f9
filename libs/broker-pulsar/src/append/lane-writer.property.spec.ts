import { DistributionError, noMetrics } from '@distributary/distribution-core';
import { events, FakeClock } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { connectionLost, positionLost, pulsarError } from '../pulsar.errors.js';
import { PulsarMetrics } from '../pulsar-metrics.js';
import { placeOf, positionAt } from '../records/message-position.js';
import { FakePulsarLane } from '../testing/fake-pulsar-lane.js';
import { ORDERS, ORDERS_LANE, retryingBy } from '../testing/orders-topic.js';
import { LaneWriter } from './lane-writer.js';

const TIMEOUT_MS = 2_000;
const tooLarge = new DistributionError('payload.too_large', 'too large');

/** What happens, one after another, while appends are under way. */
const schedule = fc.array(
  fc.oneof(
    { weight: 6, arbitrary: fc.record({ append: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ take: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 3, arbitrary: fc.record({ answer: fc.integer({ min: 1, max: 5 }) }) },
    // Of what was sent, some are still taken, unanswered; once it is back, so many are taken whether they are there or not.
    { weight: 2, arbitrary: fc.record({ lose: fc.nat({ max: 5 }), asleep: fc.nat({ max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ refuse: fc.boolean(), isCounted: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ hide: fc.integer({ min: 1, max: 3 }) }) },
    { weight: 1, arbitrary: fc.record({ passMs: fc.constantFrom(100, 1_000) }) },
  ),
  { minLength: 1, maxLength: 40 },
);

async function turn(clock: FakeClock): Promise<void> {
  for (let round = 0; round < 8; round++) {
    clock.advance(1);
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function aWriter(clock: FakeClock, pulsar: FakePulsarLane, failures: unknown[] = []): LaneWriter {
  let producers = 0;
  return new LaneWriter(ORDERS_LANE, {
    lines: pulsar,
    directory: { find: () => Promise.resolve(ORDERS) },
    retrying: retryingBy(clock),
    clock,
    metrics: new PulsarMetrics(noMetrics),
    requestTimeoutMs: 1_000_000,
    newProducerName: () => `producer-${producers++}`,
    endOf: () => Promise.resolve(positionAt(5, 0)),
    // Longer than a step takes: meanwhile things happen.
    locate: (_, after, ids) =>
      new Promise((resolve, reject) => {
        const failure = failures.shift();
        clock.after(12, () => {
          if (failure === undefined) resolve(pulsar.find(placeOf(after)?.entry ?? -1, ids));
          else reject(failure as Error);
        });
      }),
  });
}

it('whatever is lost on the way, what is acknowledged is there once, in order, where it was said to be', async () => {
  await fc.assert(
    fc.asyncProperty(schedule, async (steps) => {
      const clock = new FakeClock();
      const pulsar = new FakePulsarLane();
      const writer = aWriter(clock, pulsar);
      const acknowledged: [string, string, string][] = [];
      const refused = new Set<string>();
      let calls = 0;
      for (const step of steps) {
        if ('append' in step) {
          const records = events(step.append, `${String(calls++).padStart(4, '0')}`);
          const deadlineMs = clock.monotonicMs() + TIMEOUT_MS;
          writer.push({
            ...{ lane: ORDERS_LANE, records, bytes: 0, startedMs: 0, deadlineMs },
            resolve: ({ first, last }) => acknowledged.push([records[0].eventId.slice(0, 4), first, last]),
            reject: () => refused.add(records[0].eventId.slice(0, 4)),
          });
        } else if ('take' in step) pulsar.take(step.take);
        else if ('answer' in step) pulsar.answer(step.answer);
        else if ('lose' in step) {
          pulsar.take(step.lose);
          pulsar.sleep(step.asleep);
          pulsar.lose();
        } else if ('hide' in step) pulsar.hide(step.hide);
        else if ('passMs' in step) clock.advance(step.passMs);
        else pulsar.refuseNext({ error: step.refuse ? tooLarge : connectionLost('append'), isCounted: step.isCounted });
        await turn(clock);
      }
      // In the end all goes well.
      for (let round = 0; acknowledged.length + refused.size < calls; round++) {
        if (round > 500) throw new Error(`${calls - acknowledged.length - refused.size} appends are never answered`);
        pulsar.take(100);
        pulsar.answer(100);
        await turn(clock);
      }
      const log = pulsar.log.map(({ eventId }) => eventId);
      expect(new Set(log).size).toBe(log.length);
      // What was refused may be there, but not behind what was given later.
      expect(log).toEqual([...log].sort());
      expect([...acknowledged.map(([id]) => id)].sort()).toEqual(acknowledged.map(([id]) => id));
      for (const [id, first, last] of acknowledged) {
        const [from, to] = [placeOf(first)?.entry ?? -1, placeOf(last)?.entry ?? -1];
        const its = log.filter((eventId) => eventId.startsWith(`${id}-`));
        expect(log.slice(from - 1, to)).toEqual(its);
        expect(its).toEqual([...its].sort());
      }
      writer.close();
    }),
    { numRuns: 200 },
  );
}, 60_000);

describe('where events lie that Pulsar took without an answer', () => {
  /** Two events that are there, when their socket was lost; Pulsar would take them a second time. */
  async function lost(failure: unknown) {
    const clock = new FakeClock();
    const pulsar = new FakePulsarLane();
    const writer = aWriter(clock, pulsar, [failure]);
    let outcome: unknown;
    writer.push({
      ...{
        lane: ORDERS_LANE,
        records: events(2, 'e'),
        bytes: 0,
        startedMs: 0,
        deadlineMs: clock.monotonicMs() + TIMEOUT_MS,
      },
      resolve: ({ last }) => (outcome = last),
      reject: (error) => (outcome = error),
    });
    await turn(clock);
    pulsar.take(2);
    pulsar.sleep(2);
    pulsar.lose();
    for (let round = 0; outcome === undefined && round < 100; round++) {
      await turn(clock);
      pulsar.take(2);
      pulsar.answer(2);
    }
    writer.close();
    return { outcome, log: pulsar.log.map(({ eventId }) => eventId) };
  }

  it('is asked again while that may pass, and then they are acknowledged', async () => {
    const moving = pulsarError(412, 'look', 'Failed to find ownership for topic');
    expect(await lost(moving)).toMatchObject({ outcome: positionAt(5, 2), log: ['e-1', 'e-2'] });
  });

  it.each([new SyntaxError('half an answer'), pulsarError(403, 'look'), pulsarError(400, 'look')])(
    'is not taken for nowhere when it cannot be told: %s',
    async (failure) => {
      expect(await lost(failure)).toMatchObject({ outcome: { code: 'broker.unavailable' }, log: ['e-1', 'e-2'] });
    },
  );

  it('is nowhere when retention has passed it: they are sent again', async () => {
    expect(await lost(positionLost('expired'))).toMatchObject({ log: ['e-1', 'e-2', 'e-1', 'e-2'] });
  });
});
