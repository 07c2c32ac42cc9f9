import fc from 'fast-check';
import { positionOfOffset } from '../position.js';
import { type EventPlace, idScope, type PendingCall, type PlacedEvent, RecentIds } from './recent-ids.js';

const SCOPE = idScope('orders\n');
const lane = (partition: number) => ({ topic: 'orders', partition, epoch: 'e' });
const placeOf = (n: number): EventPlace => ({
  topic: `t${n % 3}`,
  lane: lane(n % 2),
  position: n % 5 === 0 ? `(${n},7)` : positionOfOffset(n),
});
const eventOf = (eventId: string, place?: EventPlace): PlacedEvent => ({
  record: { eventId, routingKey: 'a.b' },
  ...(place !== undefined && { place }),
});
const find = (ids: RecentIds, eventId: string) => {
  const call = ids.begin(0);
  const found = ids.findOrAdd(call, SCOPE, eventOf(eventId));
  ids.drop(call);
  return found;
};

function publish(ids: RecentIds, place: EventPlace, atMs: number, ...eventIds: string[]): PendingCall {
  const call = ids.begin(atMs);
  for (const eventId of eventIds) ids.findOrAdd(call, SCOPE, eventOf(eventId, place));
  return call;
}

describe('the ids that were published lately', () => {
  it('are known while the log has not answered, and by their place when it has', async () => {
    const ids = new RecentIds(1000, 10);
    const call = publish(ids, placeOf(7), 0, 'k', 'l', 'k');
    expect(call.events.map(({ record }) => record.eventId)).toEqual(['k', 'l']);
    expect(find(ids, 'k')?.pending).toEqual({ call, event: call.events[0] });
    ids.settle(call);
    const found = find(ids, 'k');
    expect(found?.pending).toBeUndefined();
    expect(await found?.place()).toEqual(placeOf(7));
    expect([found?.hasRoutingKey('a.b'), found?.hasRoutingKey('a.c')]).toEqual([true, false]);
  });

  it('are those of their scope alone', () => {
    const ids = new RecentIds(1000, 10);
    publish(ids, placeOf(7), 0, 'k');
    expect(ids.findOrAdd(ids.begin(0), idScope('others\n'), eventOf('k'))).toBeUndefined();
  });

  it('are not known of an append that failed, unless another call has published them since', async () => {
    const ids = new RecentIds(1000, 10);
    ids.drop(publish(ids, placeOf(1), 0, 'k'));
    expect(find(ids, 'k')).toBeUndefined();
    const second = publish(ids, placeOf(2), 0, 'k');
    ids.settle(second);
    expect(await find(ids, 'k')?.place()).toEqual(placeOf(2));
  });

  it('may be forgotten before the log has answered', () => {
    const ids = new RecentIds(1000, 2);
    const call = publish(ids, placeOf(1), 0, 'a', 'b', 'c');
    ids.settle(call);
    expect(['c', 'a'].map((id) => find(ids, id) !== undefined)).toEqual([true, false]);
  });

  it('are what a list of the last so many, so long ago, would say', async () => {
    const step = fc.record({ key: fc.nat(400), pause: fc.nat(5) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { maxLength: 1200, size: 'max' }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 2000 }),
        async (steps, maxIds, windowMs) => {
          const ids = new RecentIds(windowMs, maxIds);
          let model: { key: string; place: EventPlace; atMs: number }[] = [];
          let nowMs = 0;
          for (const [n, { key, pause }] of steps.entries()) {
            nowMs += pause;
            ids.expire(nowMs);
            model = model.filter(({ atMs }) => atMs > nowMs - windowMs);
            const known = model.findLast((each) => each.key === `${key}`);
            const call = ids.begin(nowMs);
            const found = ids.findOrAdd(call, SCOPE, eventOf(`${key}`, placeOf(n)));
            ids.settle(call);
            expect(await found?.place()).toEqual(known?.place);
            if (found !== undefined) continue;
            model = [...model, { key: `${key}`, place: placeOf(n), atMs: nowMs }].slice(-maxIds);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
