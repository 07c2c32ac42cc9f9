import { commandOf, eventsOf, serverMessageOf } from './exchange-messages.js';

describe('commandOf', () => {
  it.each([
    ['hello', { client: 'x' }, { client: 'x' }],
    ['credit', { id: 's', events: 4 }, { id: 's', events: 4 }],
    ['ping', { echo: 'a' }, 'a'],
    ['subscribe', { id: 's', start: { at: 'earliest', start: 'at' } }, { id: 's', start: 'earliest' }],
    ['subscribe', { id: 's', start: { cursor: 'v1.x' }, filter: '' }, { id: 's', start: { cursor: 'v1.x' } }],
    ['subscribe', { id: 's', start: { time: 't' } }, { id: 's', start: { time: 't' } }],
    ['subscribe', { id: 's', filter: 'severity == "CRITICAL"' }, { id: 's', filter: 'severity == "CRITICAL"' }],
    ['history', { id: 'h', filter: '{"op":"exists"}' }, { id: 'h', filter: { op: 'exists' } }],
    ['publish', { id: 'p', events: [Buffer.from('{"a":1}')] }, { id: 'p', events: [{ a: 1 }] }],
    ['ack', { id: 's', cursor: 'v1.x' }, { id: 's', generation: 0, cursor: 'v1.x' }],
    [
      'nack',
      { id: 's', generation: 2, positions: [{ topic: 'a', epoch: 'e' }] },
      { id: 's', generation: 2, positions: [{ topic: 'a', partition: 0, epoch: 'e', position: '' }] },
    ],
  ] as const)('reads %s %j', (type, fields, payload) => {
    expect(commandOf({ payload: type, [type]: fields })).toEqual({ type, payload });
  });

  it('ignores messages of later versions', () => {
    expect(commandOf({})).toBeUndefined();
  });

  it('refuses text that is no JSON, and says where', () => {
    const events = [Buffer.from('{}'), Buffer.from('{')];
    expect(() => commandOf({ payload: 'publish', publish: { events } })).toThrow('events[1]: must be JSON text');
    expect(() => commandOf({ payload: 'subscribe', subscribe: { filter: '{' } })).toThrow('filter: must be JSON text');
    expect(eventsOf(undefined)).toEqual([]);
  });
});

describe('serverMessageOf', () => {
  it('puts the payload under its type', () => {
    expect(serverMessageOf({ type: 'status', payload: { state: 'live' } }, 0)).toEqual({
      timestamp: '1970-01-01T00:00:00.000Z',
      status: { state: 'live' },
    });
  });

  it('writes free-form JSON as text', () => {
    const history = serverMessageOf({ type: 'history', payload: { id: 'h', events: [{ a: 1 }] } }, 0).history;
    expect(history).toEqual({ id: 'h', events: [Buffer.from('{"a":1}')] });
    expect(serverMessageOf({ type: 'pong', payload: { echo: { a: 1 } } }, 0).pong).toEqual({ echo: '{"a":1}' });
    expect(serverMessageOf({ type: 'pong', payload: { echo: 'a' } }, 0).pong).toEqual({ echo: 'a' });
    expect(serverMessageOf({ type: 'pong', payload: {} }, 0).pong).toEqual({ echo: undefined });
  });
});
