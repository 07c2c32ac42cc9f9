import { createRequire } from 'node:module';
import type { Writable } from 'node:stream';
import { pingFrame, textFrame } from './websocket-frames.js';

/** The reference: what the receiving half of `ws` makes of our bytes. */
const { Receiver } = createRequire(import.meta.url)('ws') as { Receiver: new (options: object) => Writable };

function receive(bytes: Buffer): Promise<{ type: 'message' | 'ping'; text: string }> {
  return new Promise((resolve, reject) => {
    const receiver = new Receiver({ isServer: false });
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
});
