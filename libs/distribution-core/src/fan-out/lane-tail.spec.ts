import { DedupeWindow } from '../ingest/dedupe-window.js';
import { BEFORE_FIRST, type Position, positionOfOffset } from '../position.js';
import { events, FakeClock, ForgetfulLog, settle } from '../testing/index.js';
import { LaneTail } from './lane-tail.js';

describe('a tail that is told that its place is lost, while the lane still has what is around it', () => {
  const clock = new FakeClock();
  const log = new ForgetfulLog({ clock });
  const told: string[] = [];
  const gaps: [Position, Position][] = [];
  let tail: LaneTail;

  beforeAll(async () => {
    await log.createTopic('t', 1, { ms: 0, bytes: 0 });
    const [{ lane, beforeFirst }] = await log.ends('t');
    tail = new LaneTail(
      {
        ...{ log, clock, lane, brokerTopic: 't', window: new DedupeWindow({ windowMs: 1_000 }) },
        ...{ windowFrom: beforeFirst, from: beforeFirst, readyAt: BEFORE_FIRST },
      },
      {
        onBatch: (batch) => told.push(...batch.eventIds),
        onGap: (from, to) => gaps.push([from, to]),
        onStalled: (isStalled) => told.push(isStalled ? 'stalled' : 'live'),
        onGone: () => told.push('gone'),
      },
    );
    await log.append([{ topic: 't', partition: 0, records: events(3, 'before') }]);
    await settle(clock);
  });
  afterAll(async () => {
    await tail.stop();
    await log.close();
  });

  it('goes on where it stood after a pause, and gives nothing twice', async () => {
    log.losses = 2;
    await log.append([{ topic: 't', partition: 0, records: events(1, 'after') }]);
    await settle(clock);
    expect(told).toEqual(['before-1', 'before-2', 'before-3', 'stalled']);
    const begun = log.tailsAfter.length;
    await settle(clock);
    expect(log.tailsAfter).toHaveLength(begun);
    for (const pauseMs of [50, 100]) {
      clock.advance(pauseMs);
      await settle(clock);
    }
    expect(told).toEqual(['before-1', 'before-2', 'before-3', 'stalled', 'live', 'after-1']);
    expect(gaps).toEqual([]);
    expect(log.tailsAfter.slice(1)).toEqual([2, 2].map(positionOfOffset));
  });
});
