import fc from 'fast-check';
import { readWireFormat, wireFormat } from './wire-format.js';

describe('the wire format', () => {
  it('gives back the id and the body', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 32 - 1 }), fc.uint8Array(), (id, body) => {
        const read = readWireFormat(wireFormat(id, body));
        expect(read).toMatchObject({ kind: 'message', schemaId: id });
        expect(read.kind === 'message' && read.body.equals(body)).toBe(true);
      }),
    );
  });

  it.each([
    ['nothing', [], 'is 0 bytes long'],
    ['half an id', [0, 0, 1], 'is 3 bytes long'],
    ['another first byte', [0x7b, 0, 0, 0, 1], 'begins with the byte 123'],
  ])('refuses %s', (_name, bytes, problem) => {
    const read = readWireFormat(Uint8Array.from(bytes));
    expect(read).toMatchObject({ kind: 'refused', problem: expect.stringContaining(problem) as string });
  });
});
