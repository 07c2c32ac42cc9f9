import { eventIdOf } from './event-window.js';

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
