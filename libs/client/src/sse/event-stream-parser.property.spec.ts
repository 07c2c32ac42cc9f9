import fc from 'fast-check';
import { EventStreamParser, type ServerSentEvent } from './event-stream-parser.js';

const text = fc.string({ unit: 'grapheme' }).map((value) => value.replace(/[\r\n\0]/g, ' '));
const event = fc.record({
  event: text.map((value) => (value.trim() === '' ? 'data' : value)),
  id: text,
  data: fc.array(text, { minLength: 1, maxLength: 3 }),
});

describe('the event stream parser', () => {
  it('reads the same events however the text is cut and whatever ends the lines', () => {
    const cuts = fc.array(fc.nat(400), { maxLength: 12 });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), cuts, fc.constantFrom('\n', '\r\n', '\r'), (events, at, end) => {
        const written = events
          .flatMap(({ event: name, id, data }) => [
            `event: ${name}`,
            `id: ${id}`,
            ': comment',
            ...data.map((line) => `data: ${line}`),
            '',
          ])
          .map((line) => line + end)
          .join('');
        const parser = new EventStreamParser();
        const read: ServerSentEvent[] = [];
        let from = 0;
        for (const to of [...at, written.length].sort((a, b) => a - b)) {
          read.push(...parser.push(written.slice(from, Math.max(from, to))));
          from = Math.max(from, to);
        }
        expect(read).toEqual(events.map(({ event: name, id, data }) => ({ event: name, id, data: data.join('\n') })));
      }),
    );
  });

  it('keeps to the standard in its corners', () => {
    const parser = new EventStreamParser();
    expect(parser.push('\ufeffdata:a\ndata\nretry: 5\nunknown: x\nid: 1\n\n')).toEqual([
      { event: 'message', data: 'a\n', id: '1' },
    ]);
    expect(parser.push('event: nothing\n\n')).toEqual([]);
    expect(parser.push('id: 2\0\ndata: b\n\n')).toEqual([{ event: 'message', data: 'b', id: '1' }]);
    expect(parser.push('data: never finished')).toEqual([]);
  });

  it('refuses an event that never ends', () => {
    const parser = new EventStreamParser();
    const megabytes = 'x'.repeat(16 * 1024 * 1024);
    const endless = () => {
      for (let n = 0; n < 5; n += 1) parser.push(megabytes);
    };
    expect(endless).toThrow('does not end');
  });
});
