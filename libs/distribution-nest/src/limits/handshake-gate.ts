import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Counter, Gauge, Metrics } from '@distributary/distribution-core';

/** For a first request to arrive, TLS handshake included; slower peers are cut off by the server itself. */
export const FIRST_REQUEST_WITHIN_MS = 10_000;

/**
 * Connections that have not said yet what they want: accepted, but without a complete first request. At most `limit` of
 * them; more are cut off at once, before anything was spent on them. Whoever asked once is not counted any more.
 */
export class HandshakeGate {
  private readonly pending = new Set<string>();
  private readonly gauge: Gauge;
  private readonly refused: Counter;

  constructor(
    private readonly limit: number,
    metrics: Metrics,
  ) {
    this.gauge = metrics.gauge('http_pending_handshakes', 'Connections without a first request');
    this.refused = metrics.counter(
      'http_refused_handshakes_total',
      'Connections cut off because too many were pending',
    );
  }

  guard(server: Server): void {
    server.headersTimeout = FIRST_REQUEST_WITHIN_MS;
    server.on('connection', (socket: Socket) => this.accept(socket));
    server.prependListener('request', (request: IncomingMessage) => this.done(nameOf(request.socket)));
    server.prependListener('upgrade', (request: IncomingMessage) => this.done(nameOf(request.socket)));
  }

  private accept(socket: Socket): void {
    if (this.pending.size >= this.limit) {
      this.refused.add();
      socket.destroy();
      return;
    }
    const name = nameOf(socket);
    this.pending.add(name);
    this.gauge.set(this.pending.size);
    socket.once('close', () => this.done(name));
  }

  private done(name: string): void {
    if (this.pending.delete(name)) this.gauge.set(this.pending.size);
  }
}

/** The TLS socket of a request and the one beneath it, which was accepted, have the same peer. */
const nameOf = (socket: Socket): string => `${socket.remoteAddress} ${socket.remotePort}`;
