import fc from 'fast-check';
import type { EventBatch } from '../../event-batch.js';
import { anEvent } from '../../testing/builders.js';
import { FakeClock } from '../../testing/fake-clock.js';
import { InMemoryLog } from '../../testing/in-memory-log.js';
import { until } from '../../testing/until.js';
import { gatheredTail } from './gathered-tail.js';

const TOPIC = 'theirs';
const LANE = { topic: TOPIC, partition: 0, after: '' };

async function setUp(maxBytes = 1_000_000) {
  const log = new InMemoryLog({ clock: new FakeClock() });
  await log.createTopic(TOPIC, 1, { ms: 0, bytes: 0 });
  let written = 0;
  const write = async (count: number) => {
    const records = Array.from({ length: count }, () => anEvent({ eventId: `e${written++}` }));
    await log.append([{ topic: TOPIC, partition: 0, records }]);
  };
  const read: EventBatch[] = [];
  const counted: Pick<InMemoryLog, 'tail'> = {
    async *tail(start, options) {
      for await (const batch of log.tail(start, options)) {
        read.push(batch);
        yield batch;
      }
    },
  };
  const stopping = new AbortController();
  const taking = gatheredTail(counted, LANE, { signal: stopping.signal, maxBytes });
  const take = async () => idsOf((await taking.next()).value ?? []);
  return { log, write, read, taking, take, stopping, ids: (from: number, to: number) => idsFrom(from, to) };
}

const idsOf = (batches: readonly EventBatch[]): string[] => batches.flatMap(({ eventIds }) => eventIds);
const idsFrom = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `e${from + n}`);

describe('a gathered tail', () => {
  it('gives together what came while its reader was at work', async () => {
    const { write, read, take, taking, ids } = await setUp();
    await write(2);
    expect(await take()).toEqual(ids(0, 2));
    for (let n = 0; n < 5; n++) {
      await write(1);
      await until('it was read', () => read.length === n + 2);
    }
    expect(await take()).toEqual(ids(2, 7));
    await taking.return();
  });

  it('reads no further while it holds enough, and goes on when that is taken', async () => {
    const { write, read, take, taking, ids } = await setUp(1);
    await write(1);
    expect(await take()).toEqual(ids(0, 1));
    await write(1);
    await write(1);
    await until('the first of them was read', () => read.length === 2);
    expect(await take()).toEqual(ids(1, 2));
    expect(await take()).toEqual(ids(2, 3));
    await taking.return();
  });

  it('ends with the signal, whether it waits for events or for room', async () => {
    for (const maxBytes of [1, 1_000_000]) {
      const { write, read, take, taking, stopping } = await setUp(maxBytes);
      await write(1);
      await take();
      await write(1);
      await until('it was read', () => read.length === 2);
      stopping.abort();
      expect((await taking.next()).value).toHaveLength(1);
      expect(await taking.next()).toEqual({ done: true, value: undefined });
    }
  });

  it('leaves the tail when its reader does', async () => {
    const { taking, take, write, log } = await setUp();
    await write(1);
    await take();
    await taking.return();
    await log.close();
  });

  it('fails as the tail does, after what came before', async () => {
    const { log, write, read, take, taking } = await setUp();
    await write(1);
    await take();
    await write(1);
    await until('it was read', () => read.length === 2);
    await log.deleteTopic(TOPIC);
    expect(await take()).toEqual(['e1']);
    await expect(taking.next()).rejects.toMatchObject({ code: 'topic.not_found' });
  });

  it('gives each event once and in order, however reading and writing interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constant('take' as const)), { maxLength: 30 }),
        fc.integer({ min: 1, max: 2_000 }),
        async (steps, maxBytes) => {
          const { write, take, taking, ids } = await setUp(maxBytes);
          const taken: string[] = [];
          let total = 0;
          for (const step of steps) {
            if (step !== 'take') await write(step).then(() => (total += step));
            else if (taken.length < total) taken.push(...(await take()));
          }
          while (taken.length < total) taken.push(...(await take()));
          expect(taken).toEqual(ids(0, total));
          await taking.return();
        },
      ),
      { numRuns: 50 },
    );
  });
});
