import type { ServerDuplexStream, ServerWritableStream } from '@grpc/grpc-js';
import { DistributionError, type FrameEncoder, type SessionMessage } from '@distributary/distribution-core';
import { requiredPrincipal } from '../../auth/grpc-authentication.js';
import { asDistributionError } from '../../errors/as-distribution-error.js';
import { qualifiedSubscribe } from '../tenant-names.js';
import { callerOfCall } from '../../limits/trusted-proxies.js';
import { parseSubscribe } from '../stream-commands.js';
import type { StreamSessions } from '../stream-sessions.js';
import { requiredCallStream } from './call-stream.js';
import { commandOf, selectionFieldsOf, serverMessageOf, type WireClientMessage } from './exchange-messages.js';
import { grpcExchangeEncoder } from './exchange-encoder.js';
import { GrpcOutlet } from './grpc-outlet.js';

export const MAX_GRPC_MESSAGE_BYTES = 4 * 1024 * 1024;
/** Dead peers are found by HTTP/2 pings, see `grpc-options.ts`. */
export const GRPC_KEEPALIVE_MS = 20_000;
const SUBSCRIPTION_ID = 'stream';

export type ExchangeCall = ServerDuplexStream<WireClientMessage, Buffer>;

/** How a server-streaming method says in its own response type what a session is told. */
export interface TypedMessages {
  readonly encoder: FrameEncoder;
  /** Undefined for messages that the type has no place for. */
  encode(message: SessionMessage): Buffer | undefined;
}

/** gRPC calls as sessions of the stream protocol. Handlers of one service pass their raw calls on to it. */
export class GrpcDoor {
  constructor(
    private readonly sessions: StreamSessions,
    /** Encodes a `ServerMessage`. */
    private readonly serialize: (message: object) => Buffer,
  ) {}

  /** The bidirectional method. A client that ends its half goes on receiving until it cancels. */
  exchange(call: ExchangeCall): void {
    const principal = requiredPrincipal(call.metadata);
    const { clock, onUnexpected } = this.sessions.deps;
    const outlet = new GrpcOutlet(call, requiredCallStream(call.metadata), (message) =>
      this.serialize(serverMessageOf(message, clock.nowMicros())),
    );
    const open = this.sessions.start(
      outlet,
      grpcExchangeEncoder,
      principal,
      callerOfCall(call.metadata, call.getPeer()),
    );
    if (open === undefined) return;
    outlet.send({
      type: 'welcome',
      payload: {
        session: open.id,
        limits: {
          max_subscriptions: this.sessions.limits.maxSubscriptions,
          max_frame_bytes: MAX_GRPC_MESSAGE_BYTES,
          max_unconfirmed_bytes: outlet.limitBytes,
          heartbeat_ms: GRPC_KEEPALIVE_MS,
        },
      },
    });
    call.on('data', (message: WireClientMessage) => {
      try {
        const command = commandOf(message);
        if (command === undefined) return;
        // One command after another: a client that sends faster waits, by flow control.
        call.pause();
        void open.connection.command(command.type, command.payload).finally(() => call.resume());
      } catch (error) {
        outlet.fail(error);
      }
    });
    const close = () => void open.close().catch(onUnexpected);
    call.on('close', close);
    call.on('cancelled', close);
  }

  /**
   * A server-streaming method: one subscription a call. `request`: the fields of a `Subscribe` without its id. Errors end
   * the call.
   */
  async stream(call: ServerWritableStream<unknown, Buffer>, request: object, messages: TypedMessages): Promise<void> {
    const { vocabulary, onUnexpected } = this.sessions.deps;
    const outlet = new GrpcOutlet(call, requiredCallStream(call.metadata), (message) => messages.encode(message));
    try {
      const fields = selectionFieldsOf(request as Readonly<Record<string, unknown>>);
      const principal = requiredPrincipal(call.metadata);
      const command = qualifiedSubscribe(
        principal.tenant,
        parseSubscribe({ ...fields, id: SUBSCRIPTION_ID }, vocabulary),
      );
      const open = this.sessions.start(
        outlet,
        messages.encoder,
        principal,
        callerOfCall(call.metadata, call.getPeer()),
      );
      if (open === undefined) return;
      const close = () => void open.close().catch(onUnexpected);
      call.on('close', close);
      call.on('cancelled', close);
      await open.session.subscribe(command);
    } catch (error) {
      if (!(error instanceof DistributionError)) onUnexpected(error);
      outlet.fail(asDistributionError(error));
    }
  }
}
