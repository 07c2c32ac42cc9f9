import fc from 'fast-check';
import { FakeClock } from '../testing/fake-clock.js';
import { AccessSketch } from './access-sketch.js';

describe('the sketch of what is asked for', () => {
  it('knows what is wanted most, and nothing that was asked for once', () => {
    const sketch = new AccessSketch(10, new FakeClock());
    for (const key of ['b', 'a', 'a', 'c', 'b', 'a']) sketch.touch(key);
    expect(sketch.top(5)).toEqual(['a', 'b']);
    expect(sketch.top(1)).toEqual(['a']);
  });

  it('forgets what was wanted long ago', () => {
    const clock = new FakeClock();
    const sketch = new AccessSketch(10, clock, 1_000);
    for (let index = 0; index < 8; index++) sketch.touch('old');
    clock.advance(3_000);
    sketch.touch('new');
    sketch.touch('new');
    expect(sketch.top(5)).toEqual(['new']);
  });

  it('never holds more keys than it may, and always those that are asked for often enough', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 400 }), (keys) => {
        const capacity = 8;
        const sketch = new AccessSketch(capacity, new FakeClock());
        const counts = new Map<number, number>();
        for (const key of keys) {
          sketch.touch(String(key));
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        expect(sketch.size).toBeLessThanOrEqual(capacity);
        const top = new Set(sketch.top(capacity));
        // What has more than its share of all cannot have been pushed out.
        for (const [key, count] of counts) {
          if (count > keys.length / capacity && count > 1) expect(top).toContain(String(key));
        }
      }),
    );
  });
});
