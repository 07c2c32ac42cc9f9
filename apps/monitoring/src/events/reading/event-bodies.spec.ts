import fc from 'fast-check';
import { DistributionError, noMetrics, type Problem } from '@distributary/distribution-core';
import { FakeClock } from '@distributary/distribution-core/testing';
import { EventBodies, type PublishedEvent } from '@distributary/distribution-service';
import { monitoringEvents } from '../event-form.js';
import { parseMonitoringEvents, toPublishedEvent } from '../monitoring-event.js';

const clock = new FakeClock();
/** However often it is read, the same event gets the same id. */
const ids = { uuid: () => 'given', random: () => 0 };
const bodies = new EventBodies(monitoringEvents.reader({ clock, ids, metrics: noMetrics }));

type Outcome = { readonly events: readonly unknown[] } | { readonly problems: readonly Problem[] } | undefined;

/** Fields of what is parsed stand in another order than those of what is not. */
const meaning = ({ topic, record }: PublishedEvent) => ({
  topic,
  ...record,
  value: JSON.parse(Buffer.from(record.value).toString()) as unknown,
});

async function outcomeOf(read: () => Promise<readonly PublishedEvent[] | undefined>): Promise<Outcome> {
  try {
    const events = await read();
    return events && { events: events.map(meaning) };
  } catch (error) {
    if (error instanceof DistributionError) return { problems: error.problems ?? [] };
    throw error;
  }
}

const asLarge = async (text: string, turns: { count: number } = { count: 0 }) =>
  outcomeOf(() =>
    bodies.largeList(
      { bytes: Buffer.from(text), parse: (part = text) => JSON.parse(part) as unknown },
      () => (turns.count++, Promise.resolve()),
    ),
  );

/** The whole of it parsed, as every other body is. */
const byParser = (text: string) =>
  outcomeOf(() => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      return Promise.resolve(undefined);
    }
    const list = Array.isArray(parsed) ? parsed : (parsed as { events: unknown[] }).events;
    return Promise.resolve(parseMonitoringEvents(list).map((event) => toPublishedEvent(event, clock, ids)));
  });

const plain = (id: string, label = 'x') => ({
  event_id: id,
  timestamp: '2025-06-21T10:00:00.5Z',
  data_type: 'METRICS',
  data: { metric_name: 'm', current_value: 1, labels: { a: label } },
  metadata: { source_service: 's' },
});
/** Whatever a scan for the end of an item could stumble over. */
const label = fc.string({ maxLength: 8, unit: fc.constantFrom('"', '\\', '{', '}', '[', ']', ',', 'é', 'a', '\n') });
const item = fc.oneof(
  fc.tuple(fc.uuid(), label).map(([id, text]) => plain(id, text)),
  fc
    .uuid()
    .map((id) => ({ ...plain(id), data: { metric_name: 'm', current_value: 1, labels: { a: 'x' }, unit: 'ü' } })),
  fc.uuid().map((id) => ({ ...plain(id), data_type: 'ALERTS' })),
  fc.constantFrom<unknown>({}, plain(''), { ...plain('a'), data_type: 'NONE' }),
);
const framed = fc
  .tuple(fc.array(item, { minLength: 1, maxLength: 6 }), fc.boolean(), fc.constantFrom(undefined, 1))
  .map(([items, isWrapped, indent]) => JSON.stringify(isWrapped ? { events: items } : items, null, indent));

describe('a long list of events', () => {
  it('is read item by item as it would be read at once', async () => {
    let read = 0;
    await fc.assert(
      fc.asyncProperty(framed, async (text) => {
        const found = await asLarge(text);
        if (found !== undefined) read++;
        // Wrapped and indented it is for the parser, which is allowed of everything.
        if (found !== undefined || !text.startsWith('{\n')) expect(found).toEqual(await byParser(text));
      }),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(200);
  });

  it('is left to the parser, or read as by it, when a byte of it is another one', async () => {
    await fc.assert(
      fc.asyncProperty(framed, fc.nat(), fc.nat(127), async (text, place, byte) => {
        const bytes = Buffer.from(text);
        bytes[place % bytes.length] = byte;
        const broken = bytes.toString();
        const found = await asLarge(broken);
        if (found !== undefined) expect(found).toEqual(await byParser(broken));
      }),
      { numRuns: 2_000 },
    );
  });

  it('lets others have their turn, more often if its items have to be parsed', async () => {
    const turns = async (labels: string) => {
      const counted = { count: 0 };
      await asLarge(JSON.stringify(Array.from({ length: 1_000 }, (_, index) => plain(`e${index}`, labels))), counted);
      return counted.count;
    };
    const plainTurns = await turns('x'.repeat(200));
    expect(plainTurns).toBeGreaterThanOrEqual(1);
    expect(await turns('\n'.repeat(100))).toBeGreaterThan(3 * plainTurns);
  });

  it('has at most a thousand of them', async () => {
    const many = JSON.stringify(Array.from({ length: 1_001 }, (_, index) => plain(`e${index}`)));
    const read = bodies.largeList({ bytes: Buffer.from(many), parse: () => undefined }, () => Promise.resolve());
    await expect(read).rejects.toMatchObject({ code: 'payload.too_large' });
  });
});
