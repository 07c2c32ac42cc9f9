import fc from 'fast-check';
import { noMetrics } from '../ports/metrics.port.js';
import type { ConflationKey } from '../ports/topic-catalog.port.js';
import type { SlowPolicy } from '../subscription/subscription.js';
import { anEvent, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';

const TOPIC = 'monitoring/alerts';

interface Round {
  /** What the producer asked for each event. */
  readonly guarantees: readonly (string | undefined)[];
  readonly isSelected: readonly boolean[];
  readonly confirms: boolean;
}

const guarantee = fc.constantFrom(undefined, undefined, 'at_most_once', 'at_least_once', 'exactly_once');
const round: fc.Arbitrary<Round> = fc.record({
  guarantees: fc.array(guarantee, { minLength: 1, maxLength: 8 }),
  isSelected: fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
  confirms: fc.boolean(),
});
const policy = fc.constantFrom<SlowPolicy>('skip-to-live', 'drop-oldest', 'conflate');

async function readSlowly(
  rounds: readonly Round[],
  options: { policy: SlowPolicy; key: ConflationKey; segmentBytes: number; isDurable: boolean },
) {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  await log.createTopic(TOPIC, 1, { ms: 0, bytes: 0 });
  const limits = { segmentBytes: options.segmentBytes, dropOldestKeeps: 3 };
  const fanOut = new FanOut({ log, clock, metrics: noMetrics, limits });
  await fanOut.setTopics([
    {
      name: TOPIC,
      tenant: 'default',
      brokerName: TOPIC,
      dataType: 'ALERTS',
      partitions: 1,
      retentionPolicy: '7d',
      enabled: true,
      origin: 'ingested',
      priority: 5,
      conflationKey: options.key,
      catalogVersion: 1,
      createdAtMicros: 0,
    },
  ]);
  const outlet = new RecordingOutlet();
  outlet.setLimit(300);
  outlet.confirms = false;
  const attached = fanOut.attach({
    subscriptionId: 's',
    selection: { topicPatterns: ['#'], keyPatterns: [], filter: { op: 'eq', attribute: 'mine', value: true } },
    encoder: lineEncoder,
    outlet,
    policy: options.policy,
    keepsGuaranteed: options.isDurable,
    credit: Number.POSITIVE_INFINITY,
    maxRate: Number.POSITIVE_INFINITY,
    snapshot: false,
    startOf: async () => 'live',
    onAttached: (_member, positions) => outlet.send({ type: 'subscribed', payload: { positions } }),
  });
  const pass = async (ms: number) => {
    await settle(clock, 4);
    clock.advance(ms);
    await settle(clock, 4);
  };
  await pass(2);
  const member = await attached;
  outlet.onRoom = () => fanOut.serve(member);
  let published = 0;
  const guaranteed: number[] = [];
  for (const { guarantees, isSelected, confirms } of rounds) {
    const records = guarantees.map((asked, at) => {
      const n = ++published;
      if (isSelected[at] && asked !== undefined && asked !== 'at_most_once') guaranteed.push(n);
      const attributes = { mine: isSelected[at], ...(asked !== undefined && { delivery_guarantee: asked }) };
      return anEvent({ eventId: `e${n}`, routingKey: `k.${n % 3}`, attributes, value: { n } });
    });
    await log.append([{ topic: TOPIC, partition: 0, records }]);
    await pass(2);
    if (confirms) outlet.confirm();
    await pass(2);
  }
  outlet.confirms = true;
  for (let turn = 0; turn < 8; turn++) {
    outlet.confirm();
    await pass(60);
  }
  await fanOut.stop();
  await log.close();
  return { guaranteed, numbers: outlet.numbers, breaks: outlet.chainBreaks(), gaps: outlet.of('gap') };
}

describe("an event's own guarantee, on a durable subscription that may drop", () => {
  it('keeps the event, once and in its place, whatever the policy, the memory and the reader', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(round, { minLength: 3, maxLength: 12 }),
        policy,
        fc.constantFrom<ConflationKey>('none', 'routing_key'),
        fc.constantFrom(1_000_000, 8_000),
        async (rounds, chosen, key, segmentBytes) => {
          const read = await readSlowly(rounds, { policy: chosen, key, segmentBytes, isDurable: true });
          const kept = new Set(read.guaranteed);
          expect(read.numbers.filter((n) => kept.has(n))).toEqual(read.guaranteed);
          expect(read.numbers).toEqual([...new Set(read.numbers)].sort((a, b) => a - b));
          expect(read.breaks).toEqual([]);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);

  it.each<SlowPolicy>(['skip-to-live', 'drop-oldest'])('still leaves out the others: %s', async (chosen) => {
    const rounds = Array.from({ length: 20 }, (_, n) => ({
      guarantees: [n === 10 ? 'at_least_once' : undefined],
      isSelected: [true],
      confirms: false,
    }));
    const options = { policy: chosen, key: 'none' as const, segmentBytes: 1_000_000 };
    const durable = await readSlowly(rounds, { ...options, isDurable: true });
    expect(durable.numbers).toContain(11);
    expect(durable.numbers).not.toContain(10);
    expect(durable.numbers).not.toContain(12);
    expect(durable.gaps.map(({ count }) => count)).toEqual([expect.any(Number), expect.any(Number)]);
    const left = durable.gaps.reduce((sum, { count }) => sum + (count as number), 0);
    expect(durable.numbers.length + left).toBe(20);
    expect((await readSlowly(rounds, { ...options, isDurable: false })).numbers).not.toContain(11);
  });
});
