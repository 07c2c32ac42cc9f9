import { ByteReader } from './byte-reader.js';

const reader = (hex: string) => new ByteReader(Buffer.from(hex, 'hex'));

describe('answers of the flexible protocol', () => {
  it('are read front to back', () => {
    const bytes = reader(`7f fffe 00000003 0000000000000004 ac02 04 616263 00 02 ff 01`.replaceAll(' ', ''));
    expect([bytes.int8(), bytes.int16(), bytes.int32(), bytes.int64(), bytes.unsignedVarint()]).toEqual([
      127, -2, 3, 4, 300,
    ]);
    expect([bytes.compactString(), bytes.compactString()]).toEqual(['abc', null]);
    expect([bytes.compactBytes().toString('hex'), bytes.count()]).toEqual(['ff', 0]);
  });

  // It looked for the length of a tag at the place from before the number was read, and ran over the end for ever.
  it('may hold more than we know, which is passed over', () => {
    const bytes = reader('020103aabbcc0501000000002a');
    bytes.tags();
    expect([bytes.at, bytes.int32()]).toEqual([9, 42]);
  });

  it('that are cut end in an error', () => {
    expect(() => reader('ff').unsignedVarint()).toThrow('out of range');
    expect(() => reader('0000').int32()).toThrow();
  });

  it('name topics by their id as Kafka prints it', () => {
    expect(reader('000102030405060708090a0b0c0d0e0f').uuid()).toBe('AAECAwQFBgcICQoLDA0ODw');
  });
});
