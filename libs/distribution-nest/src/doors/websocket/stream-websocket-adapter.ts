import type { IncomingMessage } from 'node:http';
import { SUBPROTOCOL_BINARY, SUBPROTOCOL_JSON } from '@distributary/contracts';
import type { DistributionError } from '@distributary/distribution-core';
import type { INestApplicationContext } from '@nestjs/common';
import { WsAdapter } from '@nestjs/platform-ws';
import type { WebSocket, WebSocketServer } from 'ws';
import type { AccessControl } from '../../auth/access-control.js';
import { retryAfterSeconds } from '../../errors/problem-details.js';
import { StreamWebSocket } from './stream-web-socket.js';
import { authenticateUpgrade } from './upgrade-authentication.js';
import { MAX_CLIENT_FRAME_BYTES } from './websocket-door.js';

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

const ignore = (): void => undefined;

/** Nest's ws adapter with what every stream door needs: limits, the subprotocol, and Host and Origin checked first. */
export class StreamWebSocketAdapter extends WsAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly isAllowed: (request: IncomingMessage) => boolean,
    private readonly access: AccessControl,
    private readonly limits: WebSocketLimits = {},
  ) {
    super(app);
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
    server.on('connection', (socket: WebSocket) => socket.on('error', ignore));
    server.on('error', (error) => this.logger.error(error));
    return server;
  }

  /**
   * Not by Nest, which would keep bound handlers and a pipeline of observables for each client: 22 KiB a client that waits
   * were 7 without them and with listeners that all share. The door that a client is handed to hears what it says…
   */
  override bindMessageHandlers(): void {}

  /** …and that it goes. */
  override bindClientDisconnect(): void {}
}
