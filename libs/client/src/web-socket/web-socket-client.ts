import type { ClientPayloads, HistoryPagePayload, PublishedPayload, ServerMessage } from '@distributary/contracts';
import type { DistributaryClient } from '../client.js';
import { streamUrl } from '../endpoint.js';
import { DistributaryError, errorOfPayload, isFinalClose } from '../errors.js';
import type {
  ClientState,
  ConnectOptions,
  HistoryOptions,
  SubscribeOptions,
  SubscriptionHandlers,
} from '../options.js';
import { DEFAULT_REQUEST_TIMEOUT_MS } from '../rest/rest-client.js';
import { reconnectDelayMs, systemClock, systemRandom, type ClientClock } from '../runtime.js';
import { SubscriptionCore, type SubscriptionLink } from '../subscription-core.js';
import { subscribePayload } from '../subscribe-payload.js';
import type { Subscription } from '../subscription.js';
import { PendingRequests } from './pending-requests.js';
import { messageText, SocketSession } from './socket-session.js';
import type { WebSocketConstructor } from './web-socket.js';

/** Keeps one connection up and carries all subscriptions and requests over it. */
export class WebSocketClient implements DistributaryClient {
  private readonly url: string;
  private readonly clock: ClientClock;
  private readonly random: () => number;
  private readonly requests: PendingRequests;
  private readonly subscriptions = new Map<string, SubscriptionCore>();
  private readonly link: SubscriptionLink;
  private current: ClientState = 'connecting';
  private session: SocketSession | undefined;
  private cancelReconnect: (() => void) | undefined;
  private lastId = 0;

  constructor(
    url: string,
    private readonly options: ConnectOptions,
    private readonly webSocket: WebSocketConstructor,
  ) {
    this.url = streamUrl(url, 'websocket').href;
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? systemRandom;
    this.requests = new PendingRequests(this.clock, options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS);
    this.link = {
      clock: this.clock,
      canAck: true,
      subscribe: (payload) => this.send('subscribe', payload),
      ack: (payload) => this.send('ack', payload),
      nack: (payload) => this.send('nack', payload),
      credit: (payload) => this.send('credit', payload),
      pause: (subscription) => this.session?.pause(subscription) ?? true,
      resume: (subscription) => this.session?.resume(subscription),
      violated: (error) => this.session?.abandon(error),
      ended: (subscription, tell) => this.forget(subscription, tell),
    };
    this.open();
  }

  get state(): ClientState {
    return this.current;
  }

  subscribe(options: SubscribeOptions, handlers?: SubscriptionHandlers): Subscription {
    this.refuseIfOver();
    const id = this.nextId('s');
    // Here the caller hears of it; later, when it is sent, there is only a connection to tell.
    messageText('subscribe', subscribePayload(id, options, undefined, options.credit));
    const subscription = new SubscriptionCore(id, options, handlers, this.link);
    this.subscriptions.set(subscription.id, subscription);
    if (this.current === 'open') subscription.attach();
    return subscription;
  }

  async publish(events: readonly unknown[]): Promise<PublishedPayload['results']> {
    const id = this.nextId('p');
    const { results } = await this.request<PublishedPayload>(id, messageText('publish', { id, events }));
    return results;
  }

  async history(options: HistoryOptions): Promise<HistoryPagePayload> {
    const id = this.nextId('h');
    return this.request<HistoryPagePayload>(id, messageText('history', { id, ...options }));
  }

  close(): void {
    this.finish('closed', undefined);
  }

  private open(): void {
    this.enter('connecting');
    if (this.current !== 'connecting') return;
    this.session = new SocketSession(this.webSocket, this.url, this.options, this.clock, {
      opened: () => this.opened(),
      message: (message) => this.dispatch(message),
      lost: (error, reconnectMs) => this.lost(error, reconnectMs),
    });
  }

  private opened(): void {
    this.enter('open');
    if (this.current !== 'open') return;
    for (const subscription of this.subscriptions.values()) subscription.attach();
    this.requests.connected();
  }

  private lost(error: DistributaryError, reconnectMs: number | undefined): void {
    this.session = undefined;
    if (error.status !== undefined && isFinalClose(error.status) && !error.retryable)
      return this.finish('failed', error);
    for (const subscription of this.subscriptions.values()) subscription.detach();
    this.requests.disconnected(error);
    this.cancelReconnect = this.clock.after(reconnectDelayMs(this.random, reconnectMs), () => this.open());
    // Last, because whoever is told may close the client.
    this.enter('waiting', error);
  }

  private dispatch(message: ServerMessage): void {
    switch (message.type) {
      case 'data':
      case 'snapshot':
      case 'position':
        for (const subscription of this.subscriptions.values()) {
          if (subscription.feed === message.payload.feed) subscription.accept(message);
        }
        return;
      case 'subscribed':
      case 'gap':
        this.subscriptions.get(message.payload.id)?.accept(message);
        return;
      case 'status':
        for (const subscription of this.subscriptions.values()) {
          if (message.payload.id === undefined || message.payload.id === subscription.id) subscription.accept(message);
        }
        return;
      case 'published':
      case 'history':
        return this.requests.answer(message.payload.id, message.payload);
      case 'error':
        return this.complained(message);
      default:
    }
  }

  private complained(message: Extract<ServerMessage, { type: 'error' }>): void {
    const { id } = message.payload;
    const subscription = id === undefined ? undefined : this.subscriptions.get(id);
    if (subscription !== undefined) return subscription.accept(message);
    const error = errorOfPayload(message.payload);
    if (id === undefined || !this.requests.refuse(id, error)) this.options.onError?.(error);
  }

  private send<Type extends keyof ClientPayloads>(type: Type, payload: ClientPayloads[Type]): void {
    this.session?.send(type, payload);
  }

  private request<Answer>(id: string, text: string): Promise<Answer> {
    this.refuseIfOver();
    return this.requests.add<Answer>(id, this.current === 'open', () => this.session?.sendText(text));
  }

  private forget(subscription: SubscriptionCore, tell: boolean): void {
    this.subscriptions.delete(subscription.id);
    this.session?.resume(subscription);
    if (tell) this.send('unsubscribe', { id: subscription.id });
  }

  private finish(state: 'closed' | 'failed', error: DistributaryError | undefined): void {
    if (this.current === 'closed' || this.current === 'failed') return;
    this.cancelReconnect?.();
    for (const subscription of [...this.subscriptions.values()]) {
      if (error === undefined) subscription.close();
      else subscription.fail(error);
    }
    this.requests.failAll(error ?? new DistributaryError('connection.closed', 'the client was closed'));
    this.session?.close();
    this.session = undefined;
    this.enter(state, error);
  }

  private enter(state: ClientState, error?: DistributaryError): void {
    this.current = state;
    this.options.onStateChange?.(state, error);
  }

  private refuseIfOver(): void {
    if (this.current === 'closed' || this.current === 'failed') {
      throw new DistributaryError('connection.closed', 'the client was closed');
    }
  }

  private nextId(kind: string): string {
    this.lastId += 1;
    return `${kind}${this.lastId}`;
  }
}
