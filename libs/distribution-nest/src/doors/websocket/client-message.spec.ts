import { parseClientMessage } from './client-message.js';

describe('what a client says', () => {
  it('has a type, and perhaps a payload', () => {
    expect(parseClientMessage('{"type":"ping","payload":{"n":1}}')).toEqual({ type: 'ping', payload: { n: 1 } });
    expect(parseClientMessage('{"type":"ping"}')).toEqual({ type: 'ping', payload: undefined });
  });

  it.each(['', '{', 'null', '[]', '"ping"', '{}', '{"type":1}', '{"payload":{}}'])(
    'is no message if it is %j',
    (text) => {
      expect(parseClientMessage(text)).toBeUndefined();
    },
  );
});
