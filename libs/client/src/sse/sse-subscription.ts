import { DistributaryError, errorOfClose } from '../errors.js';
import { messageOf } from '../message-reader.js';
import type { ClientState, ConnectOptions, SubscribeOptions, SubscriptionHandlers } from '../options.js';
import { errorOfResponse, unreachable } from '../rest/rest-client.js';
import { OPEN_TIMEOUT_MS, reconnectDelayMs, systemClock, systemRandom, type ClientClock } from '../runtime.js';
import { SubscriptionCore } from '../subscription-core.js';
import { Watchdog } from '../web-socket/watchdog.js';
import { EventStreamParser } from './event-stream-parser.js';
import { startCursorOf, streamRequestUrl } from './stream-request.js';

interface SseSubscriptionEvents {
  changed(state: ClientState, error?: DistributaryError): void;
  ended(): void;
}

/** One subscription over one response at a time; resumes with `Last-Event-ID`. */
export class SseSubscription {
  readonly subscription: SubscriptionCore;
  private readonly url: URL;
  private readonly clock: ClientClock;
  private readonly random: () => number;
  /** Where the user asked to begin, if at a cursor. */
  private readonly startCursor: string | undefined;
  private isOver = false;
  private abort = new AbortController();
  private wake: (() => void) | undefined;
  private cancelWait: (() => void) | undefined;
  private pausedUntil: Promise<void> | undefined;
  private unpause: (() => void) | undefined;
  private watchdog: Watchdog | undefined;

  constructor(
    id: string,
    url: string,
    private readonly connection: ConnectOptions,
    options: SubscribeOptions,
    handlers: SubscriptionHandlers | undefined,
    private readonly events: SseSubscriptionEvents,
  ) {
    this.url = streamRequestUrl(url, options);
    this.clock = connection.clock ?? systemClock;
    this.random = connection.random ?? systemRandom;
    this.startCursor = startCursorOf(options);
    this.subscription = new SubscriptionCore(id, options, handlers, {
      clock: this.clock,
      canAck: false,
      subscribe: () => this.unpauseReading(),
      ack: () => undefined,
      nack: () => undefined,
      credit: () => undefined,
      pause: () => this.pause(),
      resume: () => this.unpauseReading(),
      violated: (error) => this.abort.abort(error),
      ended: () => this.over(),
    });
  }

  start(): void {
    void this.run();
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      this.events.changed('connecting');
      // Whoever is told may close the client.
      if (this.isOver) return;
      const error = await this.once();
      this.watchdog?.stop();
      this.watchdog = undefined;
      if (this.isOver) return;
      this.subscription.detach();
      this.unpauseReading();
      if (!error.retryable) {
        this.events.changed('failed', error);
        return this.subscription.fail(error);
      }
      this.events.changed('waiting', error);
      if (this.isOver) return;
      await this.wait(reconnectDelayMs(this.random, error.retryAfterMs));
    }
  }

  /** One response from its begin to its end; why it ended. */
  private async once(): Promise<DistributaryError> {
    this.abort = new AbortController();
    const cancelOpening = this.clock.after(OPEN_TIMEOUT_MS, () =>
      this.abort.abort(lost('the stream was not opened in time')),
    );
    try {
      const response = await this.open(this.abort.signal);
      if (!response.ok) return await errorOfResponse(response);
      cancelOpening();
      if (response.body === null) return lost('an answer without a body');
      this.events.changed('open');
      return await this.read(response.body);
    } catch (cause) {
      const reason: unknown = this.abort.signal.aborted ? this.abort.signal.reason : cause;
      return reason instanceof DistributaryError ? reason : unreachable(this.url, reason);
    } finally {
      cancelOpening();
      // Whatever ended it, the response must not go on in the background.
      this.abort.abort();
    }
  }

  private async open(signal: AbortSignal): Promise<Response> {
    const { token, fetch: fetchWith = fetch } = this.connection;
    const value = typeof token === 'function' ? await token() : token;
    // Our own cursor is checked link by link, and there is none within a snapshot; the ids of the events are not needed.
    const resume = this.subscription.resumeCursor ?? this.startCursor;
    return fetchWith(this.url, {
      signal,
      headers: {
        accept: 'text/event-stream',
        'cache-control': 'no-store',
        ...(value === undefined ? {} : { authorization: `Bearer ${value}` }),
        ...(resume === undefined ? {} : { 'last-event-id': resume }),
      },
    });
  }

  private async read(body: ReadableStream<Uint8Array>): Promise<DistributaryError> {
    const parser = new EventStreamParser();
    const decoder = new TextDecoder();
    const reader = body.getReader();
    this.watchdog = this.watch();
    this.subscription.attach();
    if (!this.subscription.isAsked) this.pause();
    for (;;) {
      await this.pausedUntil;
      const { done, value } = await reader.read();
      this.abort.signal.throwIfAborted();
      if (done) return lost('the stream ended');
      this.watchdog.touch();
      for (const { data } of parser.push(decoder.decode(value, { stream: true }))) {
        const end = this.heard(data);
        if (end !== undefined) return end;
        this.abort.signal.throwIfAborted();
      }
    }
  }

  private heard(data: string): DistributaryError | undefined {
    const message = messageOf(data);
    if (message === undefined) {
      return new DistributaryError('protocol.violation', 'an event that is no JSON envelope', { retryable: true });
    }
    if (message.type === 'bye') {
      const { code, reason, reconnect_ms } = message.payload;
      const error = errorOfClose(code, reason, typeof this.connection.token === 'function');
      return new DistributaryError(error.code, error.message, {
        status: code,
        retryable: error.retryable,
        retryAfterMs: reconnect_ms,
      });
    }
    this.subscription.accept(message);
    return undefined;
  }

  /** Comments count as signs of life; there is nothing to ask over a response. */
  private watch(): Watchdog {
    const maxSilenceMs = this.connection.maxSilenceMs ?? 60_000;
    const giveUp = () => this.abort.abort(lost('the service fell silent'));
    return new Watchdog(this.clock, maxSilenceMs, giveUp, giveUp);
  }

  /** Not reading fills the connection's buffers: the service notices, and its slow policy acts. */
  private pause(): boolean {
    this.watchdog?.suspend();
    this.pausedUntil ??= new Promise((resolve) => {
      this.unpause = resolve;
    });
    return true;
  }

  private unpauseReading(): void {
    if (this.unpause === undefined) return;
    this.unpause();
    this.unpause = undefined;
    this.pausedUntil = undefined;
    this.watchdog?.wake();
  }

  private wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve;
      this.cancelWait = this.clock.after(delayMs, resolve);
    });
  }

  private over(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.watchdog?.stop();
    this.cancelWait?.();
    this.wake?.();
    this.unpauseReading();
    this.watchdog?.stop();
    this.abort.abort();
    this.events.ended();
  }
}

const lost = (said: string) => new DistributaryError('connection.lost', said, { retryable: true });
