import fc from 'fast-check';
import { noMetrics } from '../ports/metrics.port.js';
import { type LanePosition, offsetOfPosition, type Position, positionOfOffset } from '../position.js';
import type { SlowPolicy } from '../subscription/subscription.js';
import { anEvent, aTopic, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';
import type { Member } from './member.js';

const TOPIC = 'alerts';
const PARTITIONS = 2;

type Step =
  | { readonly kind: 'publish'; readonly partition: number; readonly count: number; readonly severity: string }
  | { readonly kind: 'stall' | 'read' | 'reconnect' | 'pass' }
  | { readonly kind: 'credit'; readonly events: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      partition: fc.nat(PARTITIONS - 1),
      count: fc.integer({ min: 1, max: 6 }),
      severity: fc.constantFrom('HIGH', 'LOW'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('stall' as const, 'read' as const, 'reconnect' as const, 'pass' as const),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('credit' as const), events: fc.integer({ min: 1, max: 10 }) }),
  },
);

interface Settings {
  readonly credit: number;
  readonly maxRate: number;
  readonly isFiltered: boolean;
  readonly steps: readonly Step[];
}

/** One client that keeps a cursor as the protocol says, over any number of connections. */
class Reader {
  readonly numbers = new Map<string, number[]>();
  readonly gaps: { lane: string; from: string; to: string; count: number | undefined }[] = [];
  outlet = new RecordingOutlet();
  member: Member | undefined;
  private told = new Map<string, string>();
  private read = 0;

  constructor(
    private readonly fanOut: FanOut,
    private readonly policy: SlowPolicy,
    private readonly credit: number,
    private readonly maxRate: number,
    private readonly isFiltered: boolean,
  ) {}

  async connect(): Promise<void> {
    if (this.member !== undefined) this.fanOut.detach(this.member);
    this.outlet = new RecordingOutlet();
    this.outlet.setLimit(400);
    this.read = 0;
    const resume = new Map(this.told);
    const member = await this.fanOut.attach({
      subscriptionId: 's',
      selection: {
        topicPatterns: [TOPIC],
        keyPatterns: [],
        filter: this.isFiltered ? { op: 'eq', attribute: 'severity', value: 'HIGH' } : undefined,
      },
      encoder: lineEncoder,
      outlet: this.outlet,
      policy: this.policy,
      credit: this.credit,
      maxRate: this.maxRate,
      snapshot: false,
      startOf: async ({ lane }) => (resume.get(`${lane.topic}#${lane.partition}`) as Position | undefined) ?? 'live',
      onAttached: (_member, positions: readonly LanePosition[]) =>
        this.outlet.send({ type: 'subscribed', payload: { positions } }),
    });
    this.member = member;
    this.outlet.onRoom = () => this.fanOut.serve(member);
  }

  /** Takes in what arrived, frame by frame, as a client would before it loses its connection. */
  take(): string[] {
    const breaks = this.outlet.chainBreaks();
    for (const { type, payload } of this.outlet.messages.slice(this.read)) {
      const lane = payload.lane as string;
      if (type === 'subscribed') {
        for (const at of payload.positions as LanePosition[]) this.told.set(`${at.topic}#${at.partition}`, at.position);
      } else if (type === 'gap') {
        this.gaps.push({
          lane,
          from: payload.from as string,
          to: payload.to as string,
          count: payload.count as number | undefined,
        });
        this.told.set(lane, payload.to as string);
      } else if (type === 'data' || type === 'position') {
        const events = payload.events ?? [];
        this.numbers.set(lane, [...(this.numbers.get(lane) ?? []), ...events.map((event) => event.n)]);
        this.told.set(lane, payload.pos as string);
      }
    }
    this.read = this.outlet.messages.length;
    return breaks;
  }
}

async function run(policy: SlowPolicy, { credit, maxRate, isFiltered, steps }: Settings) {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  // So little memory that readers are served from all three places: kept flushes, segments and broker.
  const fanOut = new FanOut({
    log,
    clock,
    metrics: noMetrics,
    limits: { segmentBytes: 8_000, dropOldestKeeps: 3, blockTimeoutMs: 1e9 },
  });
  await log.createTopic(TOPIC, PARTITIONS, { ms: 0, bytes: 0 });
  await fanOut.setTopics([aTopic(TOPIC, { partitions: PARTITIONS })]);
  const published = new Map<string, number[]>();
  const positions = new Map<number, Position>();
  const reader = new Reader(fanOut, policy, credit, maxRate, isFiltered);
  const problems: string[] = [];
  const drive = async (ms: number) => {
    await settle(clock, 3);
    clock.advance(ms);
    await settle(clock, 3);
  };
  await Promise.all([reader.connect(), drive(2)]);
  let n = 0;
  for (const one of [...steps, { kind: 'read' } as const]) {
    if (one.kind === 'publish') {
      const records = Array.from({ length: one.count }, () => {
        n++;
        const lane = `${TOPIC}#${one.partition}`;
        if (!isFiltered || one.severity === 'HIGH') published.set(lane, [...(published.get(lane) ?? []), n]);
        return anEvent({ eventId: `e${n}`, attributes: { severity: one.severity }, value: { n } });
      });
      const [{ first }] = await log.append([{ topic: TOPIC, partition: one.partition, records }]);
      const from = offsetOfPosition(first) as number;
      records.forEach((_, at) => positions.set(n - records.length + 1 + at, positionOfOffset(from + at)));
    } else if (one.kind === 'stall') reader.outlet.confirms = false;
    else if (one.kind === 'read') {
      reader.outlet.confirms = true;
      reader.outlet.confirm();
    } else if (one.kind === 'credit') {
      reader.member?.grantCredit(one.events);
      if (reader.member !== undefined) fanOut.serve(reader.member);
    } else if (one.kind === 'reconnect') {
      problems.push(...reader.take());
      await Promise.all([reader.connect(), drive(2)]);
    }
    await drive(one.kind === 'pass' ? 300 : 2);
  }
  reader.member?.grantCredit(1e9);
  for (let round = 0; round < 60; round++) {
    reader.outlet.confirm();
    if (reader.member !== undefined) fanOut.serve(reader.member);
    await drive(20);
  }
  problems.push(...reader.take());
  await fanOut.stop();
  await log.close();
  return { reader, published, positions, problems };
}

describe('a reader of the fan-out, whatever happens', () => {
  const steps = fc.array(step, { maxLength: 40 });
  const settings = fc.record({
    credit: fc.constantFrom(Number.POSITIVE_INFINITY, 4),
    maxRate: fc.constant(Number.POSITIVE_INFINITY),
    isFiltered: fc.boolean(),
    steps,
  });
  const slowSettings = fc.record({
    credit: fc.constantFrom(Number.POSITIVE_INFINITY, 4),
    maxRate: fc.constantFrom(Number.POSITIVE_INFINITY, 20),
    isFiltered: fc.boolean(),
    steps,
  });

  it('gets every event once and in order when it is blocked while slow', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (chosen) => {
        const { reader, published, problems } = await run('block', chosen);
        expect(problems).toEqual([]);
        expect(reader.gaps).toEqual([]);
        for (const [lane, numbers] of published)
          expect([lane, reader.numbers.get(lane) ?? []]).toEqual([lane, numbers]);
      }),
      { numRuns: 60 },
    );
  });

  it.each(['drop-oldest', 'skip-to-live'] as const)(
    'misses under %s only what gaps announce, and nothing out of order',
    async (policy) => {
      await fc.assert(
        fc.asyncProperty(slowSettings, async (chosen) => {
          const { reader, published, positions, problems } = await run(policy, chosen);
          expect(problems).toEqual([]);
          for (const [lane, numbers] of published) {
            const missed = new Set<number>();
            for (const gap of reader.gaps) {
              if (gap.lane !== lane) continue;
              const within = numbers.filter((number) => {
                const position = positions.get(number) as Position;
                return position > gap.from && position <= gap.to;
              });
              // Nobody counts what memory does not hold.
              if (gap.count !== undefined) expect([gap, gap.count]).toEqual([gap, within.length]);
              for (const number of within) missed.add(number);
            }
            expect(reader.numbers.get(lane) ?? []).toEqual(numbers.filter((number) => !missed.has(number)));
          }
        }),
        { numRuns: 40 },
      );
    },
  );
});
