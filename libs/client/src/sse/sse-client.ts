import type { HistoryPagePayload, PublishResult } from '@distributary/contracts';
import type { DistributaryClient } from '../client.js';
import { streamUrl } from '../endpoint.js';
import { DistributaryError } from '../errors.js';
import type { ClientState, ConnectOptions, SubscribeOptions, SubscriptionHandlers } from '../options.js';
import { publishEvents } from '../rest/publish-events.js';
import type { Subscription } from '../subscription.js';
import { SseSubscription } from './sse-subscription.js';

/** Each subscription is a response of its own. Acknowledgements, credit and history need the WebSocket. */
export class SseClient implements DistributaryClient {
  private readonly subscriptions = new Set<SseSubscription>();
  /** Ends the requests under way. */
  private readonly closing = new AbortController();
  private current: ClientState = 'connecting';
  private lastId = 0;

  constructor(
    private readonly url: string,
    private readonly options: ConnectOptions,
  ) {
    streamUrl(url, 'sse');
  }

  /** That of the subscription whose connection changed last. */
  get state(): ClientState {
    return this.current;
  }

  subscribe(options: SubscribeOptions, handlers?: SubscriptionHandlers): Subscription {
    if (this.current === 'closed') throw new DistributaryError('connection.closed', 'the client was closed');
    this.lastId += 1;
    const carrier = new SseSubscription(`s${this.lastId}`, this.url, this.options, options, handlers, {
      changed: (state, error) => {
        if (this.current === 'closed') return;
        this.current = state;
        this.options.onStateChange?.(state, error);
      },
      ended: () => this.subscriptions.delete(carrier),
    });
    this.subscriptions.add(carrier);
    carrier.start();
    return carrier.subscription;
  }

  async publish(events: readonly unknown[]): Promise<readonly PublishResult[]> {
    if (this.current === 'closed') throw new DistributaryError('connection.closed', 'the client was closed');
    const { token, fetch: fetchWith = fetch, requestTimeoutMs, clock } = this.options;
    const value = typeof token === 'function' ? await token() : token;
    const { signal } = this.closing;
    return publishEvents(
      { url: this.url, fetch: fetchWith, token: value, signal, timeoutMs: requestTimeoutMs, clock },
      events,
    );
  }

  history(): Promise<HistoryPagePayload> {
    return Promise.reject(new DistributaryError('request.invalid', 'history needs the WebSocket transport'));
  }

  close(): void {
    if (this.current === 'closed') return;
    for (const { subscription } of [...this.subscriptions]) subscription.close();
    this.current = 'closed';
    this.closing.abort(new DistributaryError('connection.closed', 'the client was closed'));
    this.options.onStateChange?.('closed');
  }
}
