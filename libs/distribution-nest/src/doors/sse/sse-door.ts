import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  DistributionError,
  effectiveSelection,
  type FrameEncoder,
  type Principal,
} from '@distributary/distribution-core';
import { errorPayloadOf } from '../../errors/stream-error.js';
import { callerOfRequest } from '../../limits/trusted-proxies.js';
import { parseSubscribe } from '../stream-commands.js';
import { subscriptionFromQuery } from '../stream-query.js';
import type { StreamSessions } from '../stream-sessions.js';
import { qualifiedSubscribe } from '../tenant-names.js';
import { sseEncoder } from './sse-encoder.js';
import { SseOutlet } from './sse-outlet.js';

const KEEP_ALIVE_MS = 20_000;

/** The server half of the stream protocol as server-sent events: one subscription a request; acknowledged over REST. */
export class SseDoor {
  private readonly encoder: FrameEncoder;

  constructor(private readonly sessions: StreamSessions) {
    this.encoder = sseEncoder(sessions.deps.catalogVersion);
  }

  /**
   * Throws before anything is written; afterwards errors travel as `error` events. `takeOver` is called in between, for
   * the framework to leave the response alone.
   */
  async open(
    request: IncomingMessage,
    response: ServerResponse,
    principal: Principal,
    takeOver: () => void,
  ): Promise<void> {
    const query = new URL(request.url ?? '/', 'http://localhost').searchParams;
    const lastEventId = request.headers['last-event-id'];
    if (typeof lastEventId === 'string' && lastEventId !== '') query.set('start', lastEventId);
    const { vocabulary } = this.sessions.deps;
    const command = qualifiedSubscribe(
      principal.tenant,
      parseSubscribe(subscriptionFromQuery(query, vocabulary) ?? { id: 'query', start: 'latest' }, vocabulary),
    );
    // Here it is a status; a moment later it could only be an event in the stream.
    effectiveSelection(principal, 'subscribe', command.selection);
    takeOver();
    // Whoever left while it was found out who it is has closed already, and will not be heard to close.
    if (response.destroyed) return;
    const outlet = new SseOutlet(response, this.sessions.deps.clock);
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.flushHeaders();
    const open = this.sessions.start(outlet, this.encoder, principal, callerOfRequest(request));
    if (open === undefined) return;
    const cancelKeepAlive = this.keepAlive(outlet);
    response.on('close', () => {
      cancelKeepAlive();
      open.close().catch(this.sessions.deps.onUnexpected);
    });
    try {
      await open.session.subscribe(command);
    } catch (error) {
      if (!(error instanceof DistributionError)) this.sessions.deps.onUnexpected(error);
      outlet.send({ type: 'error', payload: errorPayloadOf(error, command.id) });
      outlet.close('going_away');
    }
  }

  private keepAlive(outlet: SseOutlet): () => void {
    const { clock } = this.sessions.deps;
    let cancel: () => void = () => undefined;
    const next = () => {
      cancel = clock.after(KEEP_ALIVE_MS, () => {
        outlet.keepAlive();
        next();
      });
    };
    next();
    return () => cancel();
  }
}
