import fc from 'fast-check';
import { positionOfOffset } from '../position.js';
import { type EventPlace, PendingEvent, RecentIds } from './recent-ids.js';

const lane = (partition: number) => ({ topic: 'orders', partition, epoch: 'e' });
const placeOf = (n: number): EventPlace => ({
  topic: `t${n % 3}`,
  lane: lane(n % 2),
  position: n % 5 === 0 ? `(${n},7)` : positionOfOffset(n),
});

function publish(ids: RecentIds, key: string, place: EventPlace, atMs = 0, routingKey = 'a.b'): PendingEvent {
  const event = new PendingEvent(routingKey, atMs, Promise.resolve(), { place });
  ids.add(key, event);
  return event;
}

describe('the ids that were published lately', () => {
  it('are known while the log has not answered, and by their place when it has', async () => {
    const ids = new RecentIds(1000, 10);
    const event = publish(ids, 'k', placeOf(7));
    expect(ids.find('k')).toBe(event);
    ids.settle('k', event);
    const found = ids.find('k');
    expect(found).not.toBe(event);
    expect(await found?.place()).toEqual(placeOf(7));
    expect([found?.hasRoutingKey('a.b'), found?.hasRoutingKey('a.c')]).toEqual([true, false]);
  });

  it('are not known of an append that failed, unless another call has published them since', () => {
    const ids = new RecentIds(1000, 10);
    const first = publish(ids, 'k', placeOf(1));
    const second = publish(ids, 'k', placeOf(2));
    ids.drop('k', first);
    expect(ids.find('k')).toBe(second);
    ids.drop('k', second);
    expect(ids.find('k')).toBeUndefined();
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
            expect(await ids.find(`${key}`)?.place()).toEqual(known?.place);
            ids.settle(`${key}`, publish(ids, `${key}`, placeOf(n), nowMs));
            model = [...model, { key: `${key}`, place: placeOf(n), atMs: nowMs }].slice(-maxIds);
          }
        },
      ),
      { numRuns: 20 },
    );
  });
});
