import { EventEmitter } from 'node:events';
import type { ServiceError } from '@grpc/grpc-js';
import { GRPC_CODE_KEY, GRPC_RETRY_KEY } from '../../errors/grpc-error.js';
import { GrpcOutlet } from './grpc-outlet.js';
import { prefixed } from './message-framing.js';

/** A call whose peer takes writes when told to. */
class Call extends EventEmitter {
  readonly written: Buffer[] = [];
  heads = 0;
  waitingBytes = 0;
  private readonly waiting: { readonly bytes: number; readonly onWritten: () => void }[] = [];

  sendMetadata(): void {
    this.heads++;
  }

  write(bytes: Buffer, onWritten: () => void): void {
    this.written.push(bytes);
    this.waitingBytes += bytes.length;
    this.waiting.push({ bytes: bytes.length, onWritten });
  }

  take(count: number): void {
    for (const { bytes, onWritten } of this.waiting.splice(0, count)) {
      this.waitingBytes -= bytes;
      onWritten();
    }
  }
}

describe('GrpcOutlet', () => {
  let call: Call;
  let outlet: GrpcOutlet;
  let errors: ServiceError[];
  const kilobytes = (count: number) => Buffer.alloc(count * 1024);

  beforeEach(() => {
    call = new Call();
    errors = [];
    call.on('error', (error: ServiceError) => errors.push(error));
    outlet = new GrpcOutlet(call, call, ({ payload }) =>
      payload === undefined ? undefined : Buffer.from(String(payload)),
    );
  });

  it('counts what is written as unconfirmed until the peer has room for it', () => {
    outlet.write(kilobytes(1));
    outlet.write(kilobytes(2));
    expect(outlet.unconfirmedBytes).toBe(3 * 1024);
    call.take(1);
    expect(outlet.unconfirmedBytes).toBe(2 * 1024);
  });

  it('writes a flush as it is, the same bytes to everybody, after the head of the call', () => {
    const flush = Buffer.concat(['one', '', 'three'].map((text) => prefixed(Buffer.from(text))));
    expect(call.heads).toBe(0);
    outlet.write(flush);
    outlet.write(flush);
    expect(call.written).toEqual([flush, flush]);
    expect(call.written[0]).toBe(flush);
    expect(call.heads).toBe(1);
  });

  it('says once that there is room, below half of the limit, after it was full', () => {
    let rooms = 0;
    outlet.onRoom = () => rooms++;
    outlet.write(kilobytes(10));
    call.take(1);
    expect(rooms).toBe(0);
    for (let count = 0; count < 4; count++) outlet.write(kilobytes(64));
    call.take(2);
    expect(rooms).toBe(0);
    call.take(1);
    call.take(1);
    expect(rooms).toBe(1);
  });

  it('allows more to those who take more', () => {
    outlet.setRate(8 * 1024 * 1024);
    expect(outlet.limitBytes).toBe(2 * 1024 * 1024);
    outlet.setRate(0);
    expect(outlet.limitBytes).toBe(256 * 1024);
  });

  it('sends messages that its method knows, and leaves out the others', () => {
    outlet.send({ type: 'status', payload: 'live' });
    outlet.send({ type: 'status', payload: undefined });
    expect(call.written).toEqual([prefixed(Buffer.from('live'))]);
  });

  it('ends the call with the code and when to come back', () => {
    outlet.close('draining', 1_234);
    outlet.close('internal');
    expect(errors).toHaveLength(1);
    expect(errors[0].metadata.get(GRPC_CODE_KEY)).toEqual(['draining']);
    expect(errors[0].metadata.get(GRPC_RETRY_KEY)).toEqual(['1234']);
    outlet.write(kilobytes(1));
    outlet.send({ type: 'status', payload: 'live' });
    expect(call.written).toEqual([]);
  });

  it('gives up on a peer that lets answers pile up', () => {
    outlet.write(kilobytes(5 * 1024));
    outlet.send({ type: 'pong', payload: 'x' });
    expect(errors.map((error) => error.metadata.get(GRPC_CODE_KEY)[0])).toEqual(['consumer.too_slow']);
  });

  it.each(['cancelled', 'close'] as const)('writes nothing after %s', (event) => {
    call.emit(event);
    outlet.write(kilobytes(1));
    expect(call.written).toEqual([]);
  });
});
