import zlib from 'node:zlib';
import { DistributionError } from '@distributary/distribution-core';
import { compressionsAlgorithms } from '@platformatic/kafka';

export type Compression = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

const BITS: Readonly<Record<Compression, number>> = { none: 0, gzip: 1, snappy: 2, lz4: 3, zstd: 4 };
const NAMES: readonly Compression[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** What Java's snappy stream puts before its blocks, each with its length; other clients send one bare block. */
const SNAPPY_STREAM = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0]);
const SNAPPY_STREAM_HEAD_BYTES = 16;

/** Node has zstd from 22.15 on; everything else works everywhere. */
export const canCompress = (compression: Compression): boolean => compression !== 'zstd' || 'zstdCompressSync' in zlib;

export function compress(
  records: Buffer,
  compression: Compression,
): { readonly bytes: Buffer; readonly codec: number } {
  if (compression === 'none') return { bytes: records, codec: 0 };
  return { bytes: compressionsAlgorithms[compression].compressSync(records), codec: BITS[compression] };
}

/** `internal` for what this Node cannot unpack: waiting would not help. */
export function decompress(bytes: Buffer, codec: number): Buffer {
  const name = NAMES[codec];
  if (name === 'none') return bytes;
  if (name === undefined || !canCompress(name)) {
    throw new DistributionError(
      'internal',
      `this Node cannot unpack records of Kafka that ${name ?? codec} has packed`,
    );
  }
  if (name === 'snappy' && bytes.subarray(0, SNAPPY_STREAM.length).equals(SNAPPY_STREAM)) return unpackStream(bytes);
  return compressionsAlgorithms[name].decompressSync(bytes);
}

function unpackStream(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = SNAPPY_STREAM_HEAD_BYTES; at < bytes.length;) {
    const length = bytes.readInt32BE(at);
    blocks.push(compressionsAlgorithms.snappy.decompressSync(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return Buffer.concat(blocks);
}
