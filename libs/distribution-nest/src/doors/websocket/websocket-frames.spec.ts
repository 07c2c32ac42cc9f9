import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { DEFLATED, pingFrame, PLAIN, textFrame } from './websocket-frames.js';

/** The reference: what the receiving half of `ws` makes of our bytes. */
const { Receiver, PerMessageDeflate } = createRequire(import.meta.url)('ws') as {
  Receiver: new (options: object) => Writable;
  PerMessageDeflate: new (options: object, isServer: boolean) => { accept(offers: object[]): void };
};

function receive(bytes: Buffer): Promise<{ type: 'message' | 'ping'; text: string }> {
  return new Promise((resolve, reject) => {
    const inflater = new PerMessageDeflate({ serverNoContextTakeover: true }, false);
    inflater.accept([{ server_no_context_takeover: [true] }]);
    const receiver = new Receiver({ isServer: false, extensions: { 'permessage-deflate': inflater } });
    receiver.on('message', (data: Buffer) => resolve({ type: 'message', text: data.toString() }));
    receiver.on('ping', (data: Buffer) => resolve({ type: 'ping', text: data.toString() }));
    receiver.on('error', reject);
    receiver.write(bytes);
  });
}

describe('a WebSocket frame', () => {
  it.each([0, 125, 126, 65_535, 65_536, 100_000])('of %i bytes is read back by ws', async (length) => {
    const text = 'x'.repeat(length);
    const half = Math.floor(length / 2);
    const frame = textFrame([Buffer.from(text.slice(0, half)), Buffer.from(text.slice(half))]);
    await expect(receive(frame)).resolves.toEqual({ type: 'message', text });
  });

  it('that pings brings its mark', async () => {
    await expect(receive(pingFrame('1234567'))).resolves.toEqual({ type: 'ping', text: '1234567' });
  });

  it.each([10, 1_023, 1_024, 70_000, 300_000])(
    'of %i bytes is inflated by ws, and smaller if it is worth it',
    async (length) => {
      const text = '{"service":"checkout","value":17}'.repeat(10_000).slice(0, length);
      const parts = [Buffer.from(text.slice(0, 7)), Buffer.from(text.slice(7))];
      for (const frame of [DEFLATED.text(parts), DEFLATED.text(parts)]) {
        await expect(receive(frame)).resolves.toEqual({ type: 'message', text });
        if (length >= 1_024) expect(frame.length).toBeLessThan(length / 5);
      }
      await expect(receive(DEFLATED.binary(parts))).resolves.toEqual({ type: 'message', text });
      await expect(receive(PLAIN.binary(parts))).resolves.toEqual({ type: 'message', text });
    },
  );
});
