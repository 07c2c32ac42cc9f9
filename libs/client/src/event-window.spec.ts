import fc from 'fast-check';
import { eventIdOf, EventWindow } from './event-window.js';

it.each([
  [{ event_id: 'a', id: 'b' }, 'a'],
  [{ specversion: '1.0', id: 'b' }, 'b'],
  [{ id: 'b' }, undefined],
  [{ event_id: 7 }, undefined],
  [null, undefined],
  ['a', undefined],
])('an event such as %j is known as %s', (event, id) => {
  expect(eventIdOf(event)).toBe(id);
});

describe('a window of events', () => {
  it('has what was added before fewer others than it is large, and not forgotten since', () => {
    const id = fc.constantFrom('a', 'b', 'c', 'd', 'e');
    const change = fc.tuple(fc.constantFrom('add', 'add', 'add', 'forget'), id);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(change, { maxLength: 40 }), (capacity, changes) => {
        const window = new EventWindow(capacity);
        /** Those that are known, by how many were added before them. */
        const known = new Map<string, number>();
        let added = 0;
        for (const [what, name] of changes) {
          if (what === 'forget') {
            window.forget(name);
            known.delete(name);
          } else {
            window.add(name);
            if (!known.has(name)) known.set(name, added++);
          }
          for (const [other, at] of known) if (added - at > capacity) known.delete(other);
          for (const each of 'abcde') expect(window.has(each)).toBe(known.has(each));
        }
      }),
    );
  });

  it('is empty once all are forgotten', () => {
    const window = new EventWindow(2);
    for (const id of ['a', 'b', 'c']) window.add(id);
    window.forgetAll();
    for (const id of ['d', 'e']) window.add(id);
    expect(['a', 'b', 'c', 'd', 'e'].filter((id) => window.has(id))).toEqual(['d', 'e']);
  });
});
