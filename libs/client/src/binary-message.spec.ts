import fc from 'fast-check';
import { binaryMessageOf } from './binary-message.js';

const encoder = new TextEncoder();

function frame(message: unknown, events: readonly unknown[]): Uint8Array {
  const head = encoder.encode(JSON.stringify(message));
  const values = events.map((event) => encoder.encode(`${JSON.stringify(event)},`));
  const bytes = new Uint8Array(
    12 + head.length + 4 * values.length + values.reduce((sum, value) => sum + value.length, 0),
  );
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 1);
  view.setUint32(4, head.length, true);
  view.setUint32(8, values.length, true);
  bytes.set(head, 12);
  let at = 12 + head.length + 4 * values.length;
  values.forEach((value, index) => {
    view.setUint32(12 + head.length + 4 * index, value.length - 1, true);
    bytes.set(value, at);
    at += value.length;
  });
  return bytes;
}

const cut = (bytes: Uint8Array, length = bytes.length) => bytes.slice(0, length).buffer;
const head = {
  type: 'data',
  timestamp: 't',
  payload: { feed: 1, lane: 'a#0', epoch: 'e', prev: '', pos: '1', events: [] },
};

describe('a binary frame', () => {
  it('is the message that JSON would have been', () => {
    fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), (events) => {
        const expected = JSON.parse(JSON.stringify(events)) as unknown;
        expect(binaryMessageOf(cut(frame(head, events)))).toEqual({
          ...head,
          payload: { ...head.payload, events: expected },
        });
      }),
    );
  });

  it('has events as their bytes that a transformation made into Avro, and empty ones for those that it dropped', () => {
    const avro = Uint8Array.of(0, 0, 0, 0, 7, 2);
    const bytes = frame(head, [null, 1]);
    const values = Uint8Array.of(...avro, 0x2c, 0x2c);
    const made = new Uint8Array(bytes.length - 'null,1,'.length + values.length);
    made.set(bytes.subarray(0, bytes.length - 'null,1,'.length));
    made.set(values, bytes.length - 'null,1,'.length);
    const view = new DataView(made.buffer);
    const lengthsAt = 12 + view.getUint32(4, true);
    view.setUint32(lengthsAt, avro.length, true);
    view.setUint32(lengthsAt + 4, 0, true);
    expect(binaryMessageOf(cut(made))).toEqual({
      ...head,
      payload: { ...head.payload, events: [avro, new Uint8Array(0)] },
    });
  });

  it('that is cut short, of another version or of no known kind is none', () => {
    const whole = frame(head, [{ a: 1 }, { b: 2 }]);
    // The last byte is the comma behind the last event, which nobody needs.
    for (let length = 0; length < whole.length - 1; length++)
      expect(binaryMessageOf(cut(whole, length))).toBeUndefined();
    const other = whole.slice();
    other[0] = 2;
    expect(binaryMessageOf(cut(other))).toBeUndefined();
    expect(binaryMessageOf(cut(frame({ type: 'welcome', payload: {} }, [])))).toBeUndefined();
  });

  it('with an event that is no JSON is none', () => {
    const broken = frame(head, [{ a: 1 }]);
    broken[broken.length - 2] = 0x7b;
    expect(binaryMessageOf(cut(broken))).toBeUndefined();
  });
});
