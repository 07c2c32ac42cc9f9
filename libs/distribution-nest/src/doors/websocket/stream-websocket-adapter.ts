import type { IncomingMessage } from 'node:http';
import { CLOSE_CODES, SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '@distributary/contracts';
import type { DistributionError } from '@distributary/distribution-core';
import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import { WebSocket, type WebSocketServer } from 'ws';
import type { AccessControl } from '../../auth/access-control.js';
import { retryAfterSeconds } from '../../errors/problem-details.js';
import { authenticateUpgrade } from './upgrade-authentication.js';
import { MAX_CLIENT_FRAME_BYTES } from './websocket-door.js';

export const MALFORMED_EVENT = 'malformed';

interface ParsedMessage {
  readonly event: string;
  readonly data: unknown;
}

/** Frames that are no message of the protocol become the event `malformed`, so that a handler closes with 4400. */
export function parseMessage(data: { toString(): string }): ParsedMessage {
  try {
    const message: unknown = JSON.parse(data.toString());
    if (typeof message === 'object' && message !== null && 'type' in message && typeof message.type === 'string') {
      return { event: message.type, data: 'payload' in message ? message.payload : undefined };
    }
  } catch {
    // Answered below.
  }
  return { event: MALFORMED_EVENT, data: undefined };
}

const SUBPROTOCOLS: ReadonlySet<string> = new Set([SUBPROTOCOL_JSON, SUBPROTOCOL_BINARY]);

/** The first that the client names and we speak. Without one the connection opens, to be closed with 4406. */
function subprotocolOf(offered: Iterable<string>): string | false {
  for (const name of offered) if (SUBPROTOCOLS.has(name)) return name;
  return false;
}

/** Negotiated for what we frame ourselves; `ws` inflates what clients send, and deflates nothing. */
const DEFLATE = {
  serverNoContextTakeover: true,
  clientNoContextTakeover: true,
  threshold: Number.MAX_SAFE_INTEGER,
};

export interface WebSocketLimits {
  /** Whether clients that ask for `permessage-deflate` get it. */
  readonly deflates?: boolean;
  readonly maxFrameBytes?: number;
  /** Why this handshake is one too many; undefined: it is not. */
  readonly refuse?: (request: IncomingMessage) => DistributionError | undefined;
}

const MESSAGE_TOO_BIG = 1009;

/** A message that is too big is told by our own code, which says to clients not to come back with it. */
class StreamWebSocket extends WebSocket {
  override close(code?: number, reason?: string | Buffer): void {
    super.close(code === MESSAGE_TOO_BIG ? CLOSE_CODES.tooBig : code, reason);
  }
}

/** Nest's ws adapter with what every stream door needs: limits, the subprotocol, and Host and Origin checked first. */
export class StreamWebSocketAdapter extends WsAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly isAllowed: (request: IncomingMessage) => boolean,
    private readonly access: AccessControl,
    private readonly limits: WebSocketLimits = {},
  ) {
    super(app, { messageParser: parseMessage });
  }

  override create(port: number, options: Record<string, unknown> = {}): unknown {
    return super.create(port, {
      ...options,
      maxPayload: this.limits.maxFrameBytes ?? MAX_CLIENT_FRAME_BYTES,
      WebSocket: StreamWebSocket,
      perMessageDeflate: this.limits.deflates === true ? DEFLATE : false,
      clientTracking: true,
      handleProtocols: subprotocolOf,
      verifyClient: (
        { req }: { req: IncomingMessage },
        done: (allowed: boolean, status?: number, text?: string, headers?: Record<string, string>) => void,
      ) => {
        if (!this.isAllowed(req)) return done(false, 403, 'origin.refused');
        const refusal = this.limits.refuse?.(req);
        if (refusal !== undefined) {
          return done(false, 429, refusal.code, { 'retry-after': retryAfterSeconds(refusal) ?? '1' });
        }
        void authenticateUpgrade(req, this.access).then(() => done(true));
      },
    });
  }

  /**
   * What a client does wrong is told by the close code; as errors of ours they would fill the log at anybody's will. An
   * error without a listener would end the process.
   */
  override bindErrorHandler(server: WebSocketServer): WebSocketServer {
    server.on('connection', (socket: WebSocket) => socket.on('error', () => undefined));
    server.on('error', (error) => this.logger.error(error));
    return server;
  }
}
