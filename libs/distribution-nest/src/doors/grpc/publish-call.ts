import type { PublishResult } from '@distributary/contracts';
import { type Clock, DistributionError, invalidRequest } from '@distributary/distribution-core';
import { grpcError } from '../../errors/grpc-error.js';
import { errorPayloadOf } from '../../errors/stream-error.js';
import { asDistributionError } from '../../errors/as-distribution-error.js';
import { eventsOf } from './exchange-messages.js';
import type { PublishStreamCall, WirePublishRequest } from './publish-calls.js';

/** Batches that are being published at a time; then nothing more is read, and gRPC's flow control holds the client. */
const WINDOW = 8;
const MAX_EVENTS = 1_000;

/** An answer in its turn, once it is there. */
interface Turn {
  ack?: object;
}

export interface PublishCallParts {
  readonly publish: (events: readonly unknown[]) => Promise<readonly PublishResult[]>;
  readonly clock: Clock;
  readonly onUnexpected: (error: unknown) => void;
  readonly onClosed: () => void;
}

/**
 * One stream of batches. Each is appended in the order in which they came, and answered in that order, by its results or
 * its error; a batch that was refused may be overtaken by those in flight behind it. While the ingest is busy nothing is
 * read. Only what concerns the caller, not the batch, ends the stream.
 */
export class PublishCall {
  private readonly turns: Turn[] = [];
  private requests = 0;
  private isOpen = true;
  private hasEnded = false;
  private isDraining = false;
  private isFull = false;
  private cancelRest: (() => void) | undefined;
  private drained: (() => void) | undefined;

  constructor(
    private readonly call: PublishStreamCall,
    private readonly parts: PublishCallParts,
  ) {
    const closed = () => this.closed();
    call.on('data', (request: WirePublishRequest) => this.take(request));
    call.on('end', () => {
      this.hasEnded = true;
      this.answer();
    });
    call.on('drain', () => {
      this.isFull = false;
      this.answer();
    });
    call.on('cancelled', closed);
    call.on('close', closed);
    call.on('error', closed);
  }

  /** Reads no more, and resolves when the batches that were read are answered; the status says to come back. */
  drain(): Promise<void> {
    if (!this.isOpen) return Promise.resolve();
    return new Promise((resolve) => {
      this.drained = resolve;
      this.isDraining = true;
      this.call.pause();
      this.answer();
    });
  }

  private take(request: WirePublishRequest): void {
    if (!this.isOpen) return;
    const turn: Turn = {};
    const number = ++this.requests;
    this.turns.push(turn);
    this.pace();
    void this.publish(request)
      .then(
        (results) => (turn.ack = { request: number, results }),
        (error: unknown) => this.refused(turn, number, error),
      )
      .then(() => this.answer());
  }

  private async publish({ events }: WirePublishRequest): Promise<readonly PublishResult[]> {
    const count = Array.isArray(events) ? events.length : 0;
    if (count === 0) throw invalidRequest([{ path: 'events', rule: 'must hold at least one event' }]);
    if (count > MAX_EVENTS) {
      throw new DistributionError('payload.too_large', `${count} events, at most ${MAX_EVENTS} are taken at once`);
    }
    return this.parts.publish(eventsOf(events));
  }

  private refused(turn: Turn, request: number, thrown: unknown): void {
    const error = asDistributionError(thrown);
    if (error.code === 'internal') this.parts.onUnexpected(thrown);
    if (error.code === 'auth.missing' || error.code === 'auth.expired') return this.fail(error);
    turn.ack = { request, error: errorPayloadOf(error, undefined) };
    if (error.code === 'ingest.busy') this.rest(error.retryAfterMs ?? 0);
  }

  private rest(ms: number): void {
    this.cancelRest?.();
    this.cancelRest = this.parts.clock.after(ms, () => {
      this.cancelRest = undefined;
      this.pace();
    });
    this.pace();
  }

  private answer(): void {
    // At the end what is read is answered all the same: that is a window of it at most.
    while (this.isOpen && (!this.isFull || this.isDraining) && this.turns[0]?.ack !== undefined) {
      // What a slow reader has not taken yet counts as in flight, by not being asked for more.
      this.isFull = !this.call.write(this.turns[0].ack);
      this.turns.shift();
    }
    if (!this.isOpen) return;
    if (this.turns.length > 0) return this.pace();
    if (this.isDraining) this.fail(new DistributionError('draining', 'The server closed the stream: draining.'));
    else if (this.hasEnded) this.call.end();
    else this.pace();
  }

  private pace(): void {
    if (!this.isOpen) return;
    const isWaiting = this.isDraining || this.isFull || this.cancelRest !== undefined || this.turns.length >= WINDOW;
    if (isWaiting) this.call.pause();
    else this.call.resume();
  }

  private fail(error: DistributionError): void {
    if (!this.isOpen) return;
    this.closed();
    this.call.emit('error', grpcError(error));
  }

  private closed(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.cancelRest?.();
    this.parts.onClosed();
    this.drained?.();
  }
}
