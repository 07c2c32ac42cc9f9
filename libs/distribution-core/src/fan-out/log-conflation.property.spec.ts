import fc from 'fast-check';
import type { EventRecord } from '../event.js';
import { noMetrics } from '../ports/metrics.port.js';
import { BEFORE_FIRST } from '../position.js';
import { anEvent, aTopic, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';
import type { FanOutLimits } from './fan-out-limits.js';

const QUOTES = 'quotes';
const RATE = 4;

interface Quote {
  readonly key: number;
  readonly isSelected: boolean;
  /** Published again at once, under the same id. */
  readonly isTwice?: boolean;
  /** Asks for itself not to be left out. */
  readonly isGuaranteed?: boolean;
}

interface Reading {
  readonly past: readonly Quote[];
  /** What comes meanwhile, an append every half second. */
  readonly present?: readonly (readonly Quote[])[];
  /** Of the past, so many events have been received before. */
  readonly received?: number;
  readonly hasCredit?: boolean;
  readonly isDurable?: boolean;
  readonly limits?: Partial<FanOutLimits>;
}

/** Resumes from further back than memory, at a rate (or credit) far below what there is to read. */
async function resume({ past, present = [], received = 0, hasCredit, isDurable, limits }: Reading) {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  await log.createTopic(QUOTES, 1, { ms: 0, bytes: 0 });
  const quotes: Quote[] = [];
  const append = async (added: readonly Quote[]) => {
    const records = added.flatMap((quote): EventRecord[] => {
      const n = quotes.push(quote);
      const mine = { mine: quote.isSelected };
      const attributes = quote.isGuaranteed === true ? { ...mine, delivery_guarantee: 'at_least_once' } : mine;
      const event = anEvent({ eventId: `e${n}`, routingKey: `k.${quote.key}`, attributes, value: { n } });
      return quote.isTwice === true ? [event, event] : [event];
    });
    if (records.length > 0) await log.append([{ topic: QUOTES, partition: 0, records }]);
  };
  for (let at = 0; at < past.length; at += 7) await append(past.slice(at, at + 7));
  /** Of its last copy, if it was published twice. */
  const placeOf = async (n: number) => {
    const batches = await log.read({ topic: QUOTES, partition: 0, after: BEFORE_FIRST }, 1e9);
    let found = BEFORE_FIRST;
    for (const batch of batches) {
      for (let at = 0; at < batch.count; at++) {
        if (batch.recordAt(at).eventId === `e${n}`) found = batch.positions.at(at);
      }
    }
    return found;
  };
  const after = await placeOf(received);
  clock.advance(1_000);
  const fanOut = new FanOut({
    log,
    clock,
    metrics: noMetrics,
    limits: { rewindMs: 0, ...limits },
  });
  await fanOut.setTopics([aTopic(QUOTES, { conflationKey: 'routing_key' })]);
  const outlet = new RecordingOutlet();
  const pass = async (ms: number) => {
    await settle(clock, 4);
    clock.advance(ms);
    await settle(clock, 4);
  };
  const attached = fanOut.attach({
    subscriptionId: 's',
    selection: { topicPatterns: ['#'], keyPatterns: [], filter: { op: 'eq', attribute: 'mine', value: true } },
    encoder: lineEncoder,
    outlet,
    policy: 'conflate',
    keepsGuaranteed: isDurable,
    credit: hasCredit === true ? RATE : Number.POSITIVE_INFINITY,
    maxRate: hasCredit === true ? Number.POSITIVE_INFINITY : RATE,
    snapshot: false,
    startOf: async () => after,
    onAttached: (_member, positions) => outlet.send({ type: 'subscribed', payload: { positions } }),
  });
  attached.catch(() => undefined);
  await pass(2);
  const member = await attached;
  const second = async () => {
    if (hasCredit === true) {
      member.grantCredit(RATE);
      fanOut.serve(member);
    }
    for (let turn = 0; turn < 20; turn++) await pass(50);
  };
  for (const added of present) {
    await append(added);
    for (let turn = 0; turn < 10; turn++) await pass(50);
  }
  const stop = async () => {
    await fanOut.stop();
    await log.close();
  };
  const countEachOne = () => fanOut.setTopics([aTopic(QUOTES, { conflationKey: 'none' })]);
  return { outlet, quotes, placeOf, second, countEachOne, stop };
}

const numbersFrom = (quotes: readonly Quote[], received: number) =>
  quotes.map((quote, index) => ({ ...quote, n: index + 1 })).filter(({ n }) => n > received);
const accountedFor = (outlet: RecordingOutlet) =>
  outlet
    .of('data')
    .reduce((sum, { merged, events = [] }) => sum + ((merged as number | undefined) ?? events.length), 0);

const quote: fc.Arbitrary<Quote> = fc.record({
  key: fc.nat({ max: 5 }),
  isSelected: fc.boolean(),
  isTwice: fc.boolean(),
  isGuaranteed: fc.constantFrom(false, false, false, true),
});

describe('conflation of what is only in the log, under a rate or credit far below what there is', () => {
  it('sends the newest of each key, counts each event once, and has caught up in the time that the keys take', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(quote, { minLength: 30, maxLength: 200 }),
        fc.array(fc.array(quote, { maxLength: 12 }), { maxLength: 6 }),
        fc.nat({ max: 30 }),
        fc.boolean(),
        async (past, present, received, hasCredit) => {
          const { outlet, quotes, placeOf, second, stop } = await resume({ past, present, received, hasCredit });
          // Six keys, the burst, and as many again that changed meanwhile.
          for (let count = 0; count < 5; count++) await second();
          const unread = numbersFrom(quotes, received);
          expect(accountedFor(outlet)).toBe(unread.filter(({ isSelected }) => isSelected).length);
          const newest = new Map(unread.map((each) => [each.key, each]));
          const sent = new Map(outlet.numbers.map((n) => [quotes[n - 1].key, n]));
          for (const [key, { n, isSelected }] of newest) {
            if (isSelected) expect(sent.get(key)).toBe(n);
            else {
              const place = await placeOf(n);
              const told = outlet.of('data').find(({ prev, pos }) => String(prev) < place && place <= String(pos));
              // A frame that was not merged holds what matched, and says nothing of the rest.
              if (told?.merged !== undefined) expect(told.left).toContain(`k.${key}`);
            }
          }
          expect(outlet.numbers).toEqual([...new Set(outlet.numbers)].sort((a, b) => a - b));
          expect([outlet.of('gap'), outlet.chainBreaks()]).toEqual([[], []]);
          await stop();
        },
      ),
      { numRuns: 40 },
    );
  }, 60_000);

  it('keeps each event that asked for it on a durable subscription, in its place', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(quote, { minLength: 30, maxLength: 120 }), async (past) => {
        const { outlet, quotes, second, stop } = await resume({ past, isDurable: true });
        const selected = numbersFrom(quotes, 0).filter(({ isSelected }) => isSelected);
        const kept = selected.filter(({ isGuaranteed }) => isGuaranteed).map(({ n }) => n);
        for (let count = 0; count < 5 + (kept.length * 7) / RATE; count++) await second();
        expect(accountedFor(outlet)).toBe(selected.length);
        expect(outlet.numbers.filter((n) => kept.includes(n))).toEqual(kept);
        expect(outlet.numbers).toEqual([...new Set(outlet.numbers)].sort((a, b) => a - b));
        expect([outlet.of('gap'), outlet.chainBreaks()]).toEqual([[], []]);
        await stop();
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('ends, whole up to the end, however little of the present memory holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(quote, { minLength: 30, maxLength: 100 }),
        fc.array(fc.array(quote, { maxLength: 12 }), { maxLength: 6 }),
        fc.boolean(),
        async (past, present, hasCredit) => {
          const limits = { segmentBytes: 1 };
          const { outlet, quotes, placeOf, second, stop } = await resume({ past, present, hasCredit, limits });
          for (let count = 0; count < 10; count++) await second();
          const last = await placeOf(quotes.length);
          const told = outlet.messages.map(({ payload }) => String(payload.pos ?? payload.to ?? ''));
          expect(told.some((place) => place >= last)).toBe(true);
          expect(outlet.numbers).toEqual([...new Set(outlet.numbers)].sort((a, b) => a - b));
          expect(outlet.chainBreaks()).toEqual([]);
          await stop();
        },
      ),
      { numRuns: 30 },
    );
  }, 60_000);

  const manyOf = (keys: number, count: number): Quote[] =>
    Array.from({ length: count }, (_, n) => ({ key: n % keys, isSelected: true }));

  it('takes seconds for what would take hours event by event', async () => {
    const { outlet, second, stop } = await resume({ past: manyOf(6, 20_000) });
    for (let count = 0; count < 4; count++) await second();
    expect(outlet.numbers).toEqual([1, 2, 3, 4, 19_995, 19_996, 19_997, 19_998, 19_999, 20_000]);
    expect(outlet.of('data').at(-1)).toMatchObject({ merged: 19_996, merged_exact: true, left: [] });
    await stop();
  });

  it('tells a gap where the table has forgotten keys, and nothing else is left out', async () => {
    const past = [...manyOf(8, 400), ...manyOf(3, 300)];
    const { outlet, second, stop } = await resume({ past, limits: { lastValueKeysPerLane: 5 } });
    for (let count = 0; count < 4; count++) await second();
    expect(outlet.numbers.slice(-5)).toEqual([399, 400, 698, 699, 700]);
    expect(outlet.of('gap')).toMatchObject([{ reason: 'slow' }]);
    expect(outlet.of('data').at(-1)).toMatchObject({ merged_exact: false });
    expect(outlet.chainBreaks()).toEqual([]);
    await stop();
  });

  it('tells a gap of what was merged if each event counts from then on', async () => {
    const { outlet, second, countEachOne, stop } = await resume({ past: manyOf(6, 300) });
    await countEachOne();
    for (let count = 0; count < 4; count++) await second();
    const sent = outlet.numbers.length;
    expect(outlet.of('gap')).toMatchObject([{ reason: 'slow', count: 300 - sent }]);
    expect(outlet.of('data').filter(({ merged }) => merged !== undefined)).toEqual([]);
    expect(outlet.chainBreaks()).toEqual([]);
    await stop();
  });
});
