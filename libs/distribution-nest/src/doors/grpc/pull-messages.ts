import type { ServerWritableStream } from '@grpc/grpc-js';
import { type Clock, type FrameEncoder, pause, type Principal } from '@distributary/distribution-core';
import { requiredPrincipal } from '../../auth/grpc-authentication.js';
import { callerOfCall } from '../../limits/trusted-proxies.js';
import type { StreamSessions } from '../stream-sessions.js';
import { requiredCallStream } from './call-stream.js';
import { GrpcOutlet } from './grpc-outlet.js';
import { prefixed } from './message-framing.js';

/** Encoded messages of one call, made when they are asked for. Aborted: nobody wants any more of them. */
export type PulledMessages = (principal: Principal, signal: AbortSignal) => AsyncIterable<Uint8Array>;

/** Whoever takes nothing for so long makes room for others. */
const STALL_MS = 60_000;

/**
 * A server-streaming method that comes to an end by itself, as a session like any other: limited, counted, drained, and ended
 * with its key or token. The next message is asked for when the peer has room for it. The call is not ended: rejects with
 * what it is to be ended with.
 */
export async function pullMessages(
  sessions: StreamSessions,
  call: ServerWritableStream<unknown, Buffer>,
  encoder: FrameEncoder,
  messages: PulledMessages,
): Promise<void> {
  const { clock, onUnexpected } = sessions.deps;
  const principal = requiredPrincipal(call.metadata);
  const outlet = new GrpcOutlet(call, requiredCallStream(call.metadata), () => undefined);
  const ending = new AbortController();
  // The outlet's own end, which others may bring about, is an error of the call.
  for (const event of ['cancelled', 'close', 'error']) call.on(event, () => ending.abort());
  const open = sessions.start(outlet, encoder, principal, callerOfCall(call.metadata, call.getPeer()));
  if (open === undefined) return;
  try {
    for await (const message of messages(principal, ending.signal)) {
      if (ending.signal.aborted) return;
      outlet.write(prefixed(message));
      await room(outlet, clock, ending.signal);
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    await open.close().catch(onUnexpected);
  }
}

/** When less than the outlet's limit waits for the peer, or nobody waits any more. */
async function room(outlet: GrpcOutlet, clock: Clock, signal: AbortSignal): Promise<void> {
  if (outlet.unconfirmedBytes < outlet.limitBytes) return;
  const waited = new AbortController();
  const stop = () => waited.abort();
  outlet.onRoom = stop;
  signal.addEventListener('abort', stop, { once: true });
  await pause(clock, STALL_MS, waited.signal);
  signal.removeEventListener('abort', stop);
  if (!waited.signal.aborted) outlet.close('too_slow');
}
