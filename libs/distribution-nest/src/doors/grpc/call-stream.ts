import type { ServerHttp2Stream } from 'node:http2';
import { type Metadata, ServerInterceptingCall, type ServerInterceptor } from '@grpc/grpc-js';

const streams = new WeakMap<Metadata, CallStream>();

/** Whose metadata it is; undefined if the call did not pass {@link callStreamInterceptor}. */
export const callStreamOf = (metadata: Metadata): CallStream | undefined => streams.get(metadata);

/** For handlers of raw calls: a server that forgot the interceptor is a defect. */
export function requiredCallStream(metadata: Metadata): CallStream {
  const stream = streams.get(metadata);
  if (stream === undefined) throw new Error('callStreamInterceptor must be the first interceptor of the server');
  return stream;
}

/**
 * The HTTP/2 stream below a call, for messages that are framed already: grpc-js would copy each of them for each call, and
 * hand it through every interceptor. See ADR 31.
 */
export class CallStream {
  bytesWritten = 0;

  constructor(private readonly stream: Pick<ServerHttp2Stream, 'writable' | 'writableLength' | 'write'>) {}

  /** Written, and the peer's window had no room for them so far. */
  get waitingBytes(): number {
    return this.stream.writableLength;
  }

  /** Whole messages, each with its prefix; the call's metadata must have been sent. Nothing is written to an ended call. */
  write(bytes: Buffer, onWritten: () => void): void {
    if (!this.stream.writable) return;
    this.bytesWritten += bytes.length;
    this.stream.write(bytes, onWritten);
  }
}

/** Must be the first one: what it is given is grpc-js's own call, which holds the stream, and not another interceptor's. */
export const callStreamInterceptor: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata: (metadata, deliver) => {
          const { stream } = call as unknown as { readonly stream?: ServerHttp2Stream };
          if (stream !== undefined) streams.set(metadata, new CallStream(stream));
          deliver(metadata);
        },
      }),
  });
