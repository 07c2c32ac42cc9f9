import zlib from 'node:zlib';
import { compressionsAlgorithms } from '@platformatic/kafka';
import { canCompress, compress, type Compression, decompress } from './codecs.js';

const bytes = Buffer.from('what is repeated, is repeated, is repeated'.repeat(20));

describe('packed records', () => {
  it.each(['none', 'gzip', 'snappy', 'lz4'] as const)('by %s come back as they were', (compression) => {
    const packed = compress(bytes, compression);
    expect(decompress(packed.bytes, packed.codec).equals(bytes)).toBe(true);
    expect(packed.bytes.length < bytes.length).toBe(compression !== 'none');
  });

  it('by zstd come back where Node can do it, and are an error of ours where it cannot', () => {
    const hasZstd = 'zstdCompressSync' in zlib;
    expect(canCompress('zstd')).toBe(hasZstd);
    const outcome = () => {
      const packed = compress(bytes, 'zstd');
      return decompress(packed.bytes, packed.codec).equals(bytes);
    };
    if (hasZstd) expect(outcome()).toBe(true);
    else expect(() => decompress(bytes, 4)).toThrow(expect.objectContaining({ code: 'internal' }));
  });

  it('by Java’s snappy are a stream of blocks', () => {
    const blocks = [bytes.subarray(0, 100), bytes.subarray(100)].flatMap((block) => {
      const packed = compressionsAlgorithms.snappy.compressSync(block);
      const length = Buffer.alloc(4);
      length.writeInt32BE(packed.length);
      return [length, packed];
    });
    const head = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
    expect(decompress(Buffer.concat([head, ...blocks]), 2).equals(bytes)).toBe(true);
  });

  it('by what nobody knows are refused', () => {
    expect(() => decompress(bytes, 7)).toThrow(expect.objectContaining({ code: 'internal' }));
    expect((['none', 'gzip'] satisfies Compression[]).every(canCompress)).toBe(true);
  });
});
