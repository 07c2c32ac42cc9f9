import fc from 'fast-check';
import type { Filter } from '../matching/filter.js';
import { noMetrics } from '../ports/metrics.port.js';
import { type LanePosition, offsetOfPosition } from '../position.js';
import type { Selection } from '../subscription/subscription.js';
import { anEvent, aTopic, FakeClock, InMemoryLog, lineEncoder, RecordingOutlet, settle } from '../testing/index.js';
import { FanOut } from './fan-out.js';
import type { Member } from './member.js';

const TOPICS = ['a', 'b', 'c'] as const;
const SEVERITIES = ['HIGH', 'LOW'] as const;

interface Wanted {
  readonly topics: readonly string[];
  readonly severity: string | undefined;
}

type Step =
  | { readonly kind: 'publish'; readonly topic: string; readonly severity: string; readonly count: number }
  | { readonly kind: 'select'; readonly wanted: Wanted }
  | { readonly kind: 'stall' | 'read' | 'pass' };

const wanted: fc.Arbitrary<Wanted> = fc.record({
  topics: fc.subarray([...TOPICS], { minLength: 1 }),
  severity: fc.constantFrom(undefined, ...SEVERITIES),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('publish' as const),
      topic: fc.constantFrom(...TOPICS),
      severity: fc.constantFrom(...SEVERITIES),
      count: fc.integer({ min: 1, max: 5 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('select' as const), wanted }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constantFrom('stall' as const, 'read' as const, 'pass' as const) }),
  },
);

const selectionOf = ({ topics, severity }: Wanted): Selection => ({
  topicPatterns: topics,
  keyPatterns: [],
  filter: severity === undefined ? undefined : ({ op: 'eq', attribute: 'severity', value: severity } satisfies Filter),
});

/** Numbers of events of a lane, from 1: how many there are up to the position. */
const countTo = (position: string): number => (offsetOfPosition(position) ?? -1) + 1;

/** What a selection must have given between two moments: events (from, to] of each lane that it has. */
interface Era {
  readonly wanted: Wanted;
  readonly from: ReadonlyMap<string, number>;
  readonly to: Map<string, number>;
  readonly got: Map<string, number[]>;
}

/** The client's half: what it was told, era by era. */
function erasOf(outlet: RecordingOutlet, selections: readonly Wanted[]): { eras: Era[]; problems: string[] } {
  const eras: Era[] = [];
  const problems: string[] = [];
  for (const { type, payload } of outlet.messages) {
    const present = eras[eras.length - 1];
    if (type === 'subscribed') {
      const positions = payload.positions as LanePosition[];
      for (const { topic, position } of positions) {
        const told = present?.to.get(topic);
        if (told !== undefined && told !== countTo(position))
          problems.push(`${topic}: told ${told}, goes on at ${position}`);
      }
      const from = new Map(positions.map(({ topic, position }) => [topic, countTo(position)]));
      eras.push({ wanted: selections[eras.length], from, to: new Map(from), got: new Map() });
    } else if (type === 'data' || type === 'position') {
      const topic = (payload.lane as string).split('#')[0];
      if (countTo(payload.prev as string) !== present.to.get(topic)) problems.push(`${topic}: the chain is broken`);
      present.to.set(topic, countTo(payload.pos as string));
      const numbers = (payload.events ?? []).map((event) => event.n);
      present.got.set(topic, [...(present.got.get(topic) ?? []), ...numbers]);
    } else if (type === 'gap') problems.push(`gap in ${String(payload.lane)}`);
  }
  return { eras, problems };
}

async function run(first: Wanted, steps: readonly Step[]) {
  const clock = new FakeClock();
  const log = new InMemoryLog({ clock });
  // So little memory that it is served from kept flushes, segments and broker.
  const limits = { segmentBytes: 8_000, blockTimeoutMs: 1e9 };
  const fanOut = new FanOut({ log, clock, metrics: noMetrics, limits });
  for (const name of TOPICS) await log.createTopic(name, 1, { ms: 0, bytes: 0 });
  await fanOut.setTopics(TOPICS.map((name) => aTopic(name)));
  const outlet = new RecordingOutlet();
  outlet.setLimit(400);
  const selections: Wanted[] = [];
  let member: Member | undefined;
  const select = async (next: Wanted) => {
    const replaces = member;
    selections.push(next);
    member = await fanOut.attach({
      subscriptionId: 's',
      selection: selectionOf(next),
      encoder: lineEncoder,
      outlet,
      policy: 'block',
      credit: Number.POSITIVE_INFINITY,
      maxRate: Number.POSITIVE_INFINITY,
      snapshot: false,
      startOf: () => Promise.resolve('live'),
      ...(replaces !== undefined && { replaces }),
      onAttached: (_member, positions) => outlet.send({ type: 'subscribed', payload: { positions } }),
    });
  };
  outlet.onRoom = () => member !== undefined && fanOut.serve(member);
  const drive = async (ms: number) => {
    await settle(clock, 3);
    clock.advance(ms);
    await settle(clock, 3);
  };
  await Promise.all([select(first), drive(2)]);
  const severities = new Map<string, string[]>(TOPICS.map((name) => [name, []]));
  for (const one of steps) {
    if (one.kind === 'publish') {
      const all = severities.get(one.topic) as string[];
      const records = Array.from({ length: one.count }, () => {
        const n = all.push(one.severity);
        return anEvent({ eventId: `${one.topic}${n}`, attributes: { severity: one.severity }, value: { n } });
      });
      await log.append([{ topic: one.topic, partition: 0, records }]);
    } else if (one.kind === 'select') await Promise.all([select(one.wanted), drive(2)]);
    else if (one.kind === 'stall') outlet.confirms = false;
    else if (one.kind === 'read') {
      outlet.confirms = true;
      outlet.confirm();
    }
    await drive(one.kind === 'pass' ? 6_000 : 2);
  }
  for (let round = 0; round < 40; round++) {
    outlet.confirm();
    await drive(20);
  }
  await drive(6_000);
  await fanOut.stop();
  await log.close();
  return { ...erasOf(outlet, selections), severities };
}

describe('a reader whose selection changes', () => {
  it('is sent what each selection picks from where the one before ended: nothing missing, nothing twice', async () => {
    await fc.assert(
      fc.asyncProperty(wanted, fc.array(step, { maxLength: 30 }), async (first, steps) => {
        const { eras, problems, severities } = await run(first, steps);
        expect(problems).toEqual([]);
        for (const era of eras) {
          expect([...era.from.keys()].sort()).toEqual([...era.wanted.topics].sort());
          for (const [topic, from] of era.from) {
            const to = era.to.get(topic) as number;
            const picked = (severities.get(topic) as string[]).flatMap((severity, index) =>
              index >= from && index < to && (era.wanted.severity ?? severity) === severity ? [index + 1] : [],
            );
            expect([topic, era.got.get(topic) ?? []]).toEqual([topic, picked]);
          }
        }
        const last = eras[eras.length - 1];
        for (const [topic, to] of last.to) expect([topic, to]).toEqual([topic, severities.get(topic)?.length]);
      }),
      { numRuns: 80 },
    );
  });
});
