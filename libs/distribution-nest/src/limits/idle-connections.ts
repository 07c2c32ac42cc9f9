import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Counter, Gauge, Metrics } from '@distributary/distribution-core';

export interface IdleConnectionsConfig {
  readonly MAX_IDLE_CONNECTIONS: number;
  readonly KEEP_ALIVE_MS: number;
}

/**
 * Connections that were answered and are kept open for a next request: for `KEEP_ALIVE_MS` at most, and at most so many;
 * beyond that the one that was idle longest is closed. A client that asks again meanwhile connects anew, as it has to with
 * any server. Streams are not idle.
 */
export class IdleConnections {
  /** In the order in which they became idle. */
  private readonly idle = new Set<Socket>();
  /** Requests that are not answered yet; several with pipelining. */
  private readonly open = new WeakMap<Socket, number>();
  private readonly gauge: Gauge;
  private readonly closed: Counter;

  constructor(
    private readonly config: IdleConnectionsConfig,
    metrics: Metrics,
  ) {
    this.gauge = metrics.gauge('http_idle_connections', 'Connections that wait for a next request');
    this.closed = metrics.counter(
      'http_idle_connections_closed_total',
      'Connections closed because too many waited for a next request',
    );
  }

  guard(server: Server): void {
    server.keepAliveTimeout = this.config.KEEP_ALIVE_MS;
    server.prependListener('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
      this.begin(socket);
      response.once('close', () => this.end(socket));
    });
    server.prependListener('upgrade', ({ socket }: IncomingMessage) => this.forget(socket));
  }

  private begin(socket: Socket): void {
    const open = this.open.get(socket);
    if (open === undefined) socket.once('close', () => this.forget(socket));
    this.open.set(socket, (open ?? 0) + 1);
    this.forget(socket);
  }

  private end(socket: Socket): void {
    const open = (this.open.get(socket) ?? 1) - 1;
    this.open.set(socket, open);
    if (open > 0 || socket.destroyed) return;
    this.idle.add(socket);
    // The first of a set is behind the places of all that were taken out: it is not looked for in vain.
    if (this.idle.size > this.config.MAX_IDLE_CONNECTIONS) this.closeLongest();
    this.gauge.set(this.idle.size);
  }

  private closeLongest(): void {
    for (const longest of this.idle) {
      if (this.idle.size <= this.config.MAX_IDLE_CONNECTIONS) break;
      this.idle.delete(longest);
      this.closed.add();
      // What was answered may still be on its way.
      longest.destroySoon();
    }
  }

  private forget(socket: Socket): void {
    if (this.idle.delete(socket)) this.gauge.set(this.idle.size);
  }
}
