import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import { clientFrame, FrameReader, type FrameSink, HEADROOM_BYTES } from './frame-reader.js';

const { Receiver } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: object) => EventEmitter & { write(bytes: Buffer): void };
};

/** As a server writes it: unmasked, in one piece. */
function serverFrame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  if (length < 126) return Buffer.concat([Buffer.from([0x80 | opcode, length]), payload]);
  const header = Buffer.alloc(length < 65_536 ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = length < 65_536 ? 126 : 127;
  if (length < 65_536) header.writeUInt16BE(length, 2);
  else header.writeUInt32BE(length, 6);
  return Buffer.concat([header, payload]);
}

class Recorded implements FrameSink {
  readonly seen: string[] = [];
  private length = 0;
  constructor(private readonly wants: (payloadBytes: number) => boolean) {}
  begin(_head: Buffer, payloadBytes: number): boolean {
    this.length = payloadBytes;
    return this.wants(payloadBytes);
  }
  end(payload: Buffer | undefined): void {
    this.seen.push(payload === undefined ? `skipped ${this.length}` : `text ${payload.toString()}`);
  }
  ping(payload: Buffer): void {
    this.seen.push(`ping ${payload.toString()}`);
  }
  close(code: number, reason: string): void {
    this.seen.push(`close ${code} ${reason}`);
  }
}

/** In pieces as they may come from a socket, each through the same buffer. */
function readInPieces(bytes: Buffer, sizes: readonly number[], sink: FrameSink): void {
  const reader = new FrameReader(sink);
  const buffer = Buffer.alloc(HEADROOM_BYTES + bytes.length);
  let at = 0;
  for (let piece = 0; at < bytes.length; piece++) {
    const size = Math.min(sizes[piece % sizes.length], bytes.length - at);
    bytes.copy(buffer, HEADROOM_BYTES, at, at + size);
    reader.read(buffer, HEADROOM_BYTES, HEADROOM_BYTES + size);
    buffer.fill(0xff);
    at += size;
  }
}

describe('FrameReader', () => {
  it('reads the same frames whatever the pieces are in which they come', () => {
    const frame = fc.oneof(
      fc.nat(1000).map((length) => ({ opcode: 1, text: 'x'.repeat(length) })),
      fc.constantFrom(65_535, 65_536, 70_000).map((length) => ({ opcode: 1, text: 'y'.repeat(length) })),
      fc.nat(99).map((mark) => ({ opcode: 9, text: String(mark) })),
    );
    fc.assert(
      fc.property(
        fc.array(frame, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 5 }),
        (frames, sizes) => {
          const sink = new Recorded((bytes) => bytes % 2 === 0);
          readInPieces(
            Buffer.concat(frames.map((each) => serverFrame(each.opcode, Buffer.from(each.text)))),
            sizes,
            sink,
          );
          expect(sink.seen).toEqual(
            frames.map(({ opcode, text }) => {
              if (opcode === 9) return `ping ${text}`;
              return text.length % 2 === 0 ? `text ${text}` : `skipped ${text.length}`;
            }),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it('tells the code and the reason of a close, if there is one', () => {
    const sink = new Recorded(() => true);
    const code = Buffer.from([4008 >> 8, 4008 & 0xff]);
    const frames = [serverFrame(8, Buffer.concat([code, Buffer.from('too_slow')])), serverFrame(8, Buffer.alloc(0))];
    readInPieces(Buffer.concat(frames), [3], sink);
    expect(sink.seen).toEqual(['close 4008 too_slow', 'close 1005 ']);
  });

  it.each([0, 125, 126, 5000])('answers with frames of %i bytes that ws understands', async (length) => {
    const text = 'z'.repeat(length);
    const read = new Promise<string>((resolve, reject) => {
      const receiver = new Receiver({ isServer: true });
      receiver.on('message', (data: Buffer) => resolve(data.toString()));
      receiver.on('error', reject);
      receiver.write(clientFrame('text', Buffer.from(text)));
    });
    await expect(read).resolves.toBe(text);
  });
});
