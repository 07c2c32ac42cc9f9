import { Writable } from 'node:stream';
import { Metadata } from '@grpc/grpc-js';
import { CallStream, callStreamOf, requiredCallStream } from './call-stream.js';

describe('CallStream', () => {
  it('writes to the stream, and counts what it wrote and what waits for room', async () => {
    const waiting: (() => void)[] = [];
    const below = new Writable({ write: (_bytes, _encoding, hasRoom) => waiting.push(hasRoom) });
    const stream = new CallStream(below);
    const isWritten = new Promise<void>((resolve) => stream.write(Buffer.from('four'), resolve));
    stream.write(Buffer.from('and more'), () => undefined);
    expect([stream.bytesWritten, stream.waitingBytes]).toEqual([12, 12]);
    waiting[0]();
    await isWritten;
    expect([stream.bytesWritten, stream.waitingBytes]).toEqual([12, 8]);
  });

  it('writes nothing to a call that has ended', () => {
    const below = new Writable({ write: (_bytes, _encoding, hasRoom) => hasRoom() });
    const failures: Error[] = [];
    below.on('error', (error) => failures.push(error));
    const stream = new CallStream(below);
    below.end();
    stream.write(Buffer.from('late'), () => undefined);
    below.destroy();
    stream.write(Buffer.from('later'), () => undefined);
    expect([stream.bytesWritten, failures]).toEqual([0, []]);
  });

  it('is missed if the server has no interceptor for it', () => {
    const metadata = new Metadata();
    expect(callStreamOf(metadata)).toBeUndefined();
    expect(() => requiredCallStream(metadata)).toThrow('must be the first interceptor');
  });
});
