import fc from 'fast-check';
import { HEAD_BYTES, MessageReader, type MessageSink, prefixed } from './message-reader.js';

class Recorded implements MessageSink {
  readonly seen: string[] = [];
  private length = 0;
  constructor(private readonly wants: (messageBytes: number) => boolean) {}
  begin(head: Buffer, messageBytes: number): boolean {
    this.length = messageBytes;
    expect(head).toHaveLength(Math.min(HEAD_BYTES, messageBytes));
    return this.wants(messageBytes);
  }
  take(message: Buffer | undefined): void {
    this.seen.push(message === undefined ? `skipped ${this.length}` : `message ${message.toString('latin1')}`);
  }
}

describe('MessageReader', () => {
  const messages = fc.array(fc.uint8Array({ maxLength: 3 * HEAD_BYTES }), { maxLength: 8 });

  it('finds the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1 }), (contents, cuts) => {
        const sink = new Recorded((bytes) => bytes % 2 === 0);
        const reader = new MessageReader(sink);
        const all = Buffer.concat(contents.map((content) => prefixed(Buffer.from(content))));
        for (let at = 0, turn = 0; at < all.length; turn++) {
          const to = Math.min(all.length, at + cuts[turn % cuts.length]);
          const read = Buffer.from(all.subarray(at, to));
          reader.read(read, 0, read.length);
          // The reader may keep no view of it.
          read.fill(0xff);
          at = to;
        }
        expect(sink.seen).toEqual(
          contents.map((content) =>
            content.length % 2 === 0
              ? `message ${Buffer.from(content).toString('latin1')}`
              : `skipped ${content.length}`,
          ),
        );
      }),
    );
  });
});
