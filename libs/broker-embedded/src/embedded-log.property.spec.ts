import type { DistributionError, Log, Retention } from '@distributary/distribution-core';
import { events, type FakeClock, InMemoryLog } from '@distributary/distribution-core/testing';
import fc from 'fast-check';
import { aLogHarness } from './testing/embedded-harness.js';

type Command =
  | { readonly kind: 'append'; readonly lanes: readonly { partition: number; count: number; bytes: number }[] }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'retain'; readonly retention: Retention }
  | { readonly kind: 'read'; readonly partition: number; readonly offset: number; readonly maxBytes: number }
  | { readonly kind: 'seek'; readonly partition: number; readonly backMs: number }
  | { readonly kind: 'commit'; readonly group: string; readonly partition: number }
  | { readonly kind: 'recreate' };

const partition = fc.nat({ max: 1 });
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      lanes: fc.uniqueArray(
        fc.record({ partition, count: fc.integer({ min: 1, max: 8 }), bytes: fc.nat({ max: 400 }) }),
        {
          minLength: 1,
          maxLength: 2,
          // What one transaction adds to a lane is one record here and several in memory.
          selector: (lane) => lane.partition,
        },
      ),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat({ max: 3000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('retain' as const),
      retention: fc.record({ ms: fc.constantFrom(0, 2000, 8000), bytes: fc.constantFrom(0, 1500, 6000) }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('read' as const),
      partition,
      offset: fc.integer({ min: -1, max: 60 }),
      maxBytes: fc.nat({ max: 4000 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('seek' as const), partition, backMs: fc.nat({ max: 20_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), group: fc.constantFrom('g', 'h'), partition }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'recreate' as const }) },
);

/** What a command shows of a log, without epochs, which are random. */
async function outcome(log: Log, clock: FakeClock, step: number, command: Command): Promise<unknown> {
  const topic = 'orders';
  switch (command.kind) {
    case 'append': {
      const appends = command.lanes.map(({ partition, count, bytes }, index) => {
        return { topic, partition, records: events(count, `${step}.${index}`, { value: 'x'.repeat(bytes) }) };
      });
      return (await log.append(appends)).map(({ first, last }) => [first, last]);
    }
    case 'retain':
      return log.setRetention(topic, command.retention);
    case 'read': {
      const after = command.offset < 0 ? '' : `${command.offset.toString(36).length}${command.offset.toString(36)}`;
      const batches = await log.read({ topic, partition: command.partition, after }, command.maxBytes);
      return batches.map((batch) => [batch.positions.at(0), batch.lastPosition, batch.eventIds, batch.appendedMicros]);
    }
    case 'seek':
      return log.seek(topic, command.partition, clock.nowMicros() - command.backMs * 1000);
    case 'commit': {
      const { lane, last } = (await log.ends(topic))[command.partition];
      await log.commit({ group: command.group, positions: [{ ...lane, position: last }] });
      return (await log.committed(command.group)).map(({ partition, position }) => [partition, position]).sort();
    }
    case 'recreate':
      await log.deleteTopic(topic);
      await log.createTopic(topic, 2, { ms: 0, bytes: 0 });
      return undefined;
    case 'pass':
      return undefined;
  }
}

const settled = (promise: Promise<unknown>) => promise.catch((error: DistributionError) => error.code);

describe('EmbeddedLog', () => {
  it('shows what the log in memory shows, whatever is done to both', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), async (commands) => {
        const { log, clock, letTimePass, dispose } = await aLogHarness({ sync: 'commit' });
        const model = new InMemoryLog({ clock });
        try {
          for (const each of [log, model]) await each.createTopic('orders', 2, { ms: 0, bytes: 0 });
          for (const [step, each] of commands.entries()) {
            if (each.kind === 'pass') await letTimePass(each.ms);
            const [real, expected] = [
              await settled(outcome(log, clock, step, each)),
              await settled(outcome(model, clock, step, each)),
            ];
            expect(real).toEqual(expected);
            // The model forgets when it looks, the log when it sweeps.
            await log.enforceRetention();
            const shown = async (of: Log) =>
              (await of.ends('orders')).map(({ beforeFirst, last, events, bytes }) => [
                beforeFirst,
                last,
                events,
                bytes,
              ]);
            expect(await shown(log)).toEqual(await shown(model));
          }
        } finally {
          await dispose();
        }
      }),
      { numRuns: 40 },
    );
  });
});
