import { messageFields } from './message-fields.js';

it('a message has the fields that were sent', () => {
  expect(messageFields({ name: 'a', _filter: 'filter', keys: [], patterns: ['x'], force: false })).toEqual({
    name: 'a',
    patterns: ['x'],
    force: false,
  });
});
