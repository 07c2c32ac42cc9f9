import type {
  AckPayload,
  NackPayload,
  ServerMessage,
  SubscribedPayload,
  SubscribePayload,
} from '@distributary/contracts';
import { AckLedger } from './ack-ledger.js';
import { Consumer } from './consumer.js';
import { CreditLedger } from './credit-ledger.js';
import { DistributaryError, errorOfPayload } from './errors.js';
import { EventWindow, eventIdOf } from './event-window.js';
import { Inbox } from './inbox.js';
import { batchOf, creditOf, gapOf, subscribedOf } from './message-reader.js';
import { LaneTable, type LaneStep } from './lane-table.js';
import type { EventBatch, StreamEvent, SubscriptionMessage } from './messages.js';
import type { SubscribeOptions, SubscriptionHandlers } from './options.js';
import type { ClientClock } from './runtime.js';
import type { Subscription, SubscriptionEnd } from './subscription.js';
import { subscribePayload } from './subscribe-payload.js';

/** What a subscription needs of the transport that carries it. */
export interface SubscriptionLink {
  readonly clock: ClientClock;
  /** Acknowledgements are possible. */
  readonly canAck: boolean;
  subscribe(payload: SubscribePayload): void;
  ack(payload: AckPayload): void;
  nack(payload: NackPayload): void;
  credit(payload: { id: string; events: number }): void;
  /** Stop reading; false where that is impossible. */
  pause(subscription: SubscriptionCore): boolean;
  resume(subscription: SubscriptionCore): void;
  /** The sequence is broken: connect anew, and come back with the cursor. */
  violated(error: DistributaryError): void;
  /** `tell`: the service does not know yet that it ended. */
  ended(subscription: SubscriptionCore, tell: boolean): void;
}

/**
 * One subscription over any number of connections. `detached`: no connection; `asked`: subscribe was sent (or waits for
 * room in the inbox: `held`); `live`: the service answered; `ended`: for good.
 */
type Phase = 'detached' | 'held' | 'asked' | 'live' | 'ended';

const DEFAULT_MAX_QUEUED_EVENTS = 10_000;
const DEFAULT_DEDUPE_WINDOW = 10_000;

export class SubscriptionCore implements Subscription {
  readonly ended: Promise<SubscriptionEnd>;
  feed: number | undefined;
  generation: number | undefined;

  /** What was received decides where to resume; what was dealt with is the cursor that the user sees. */
  private readonly received = new LaneTable();
  private readonly done = new LaneTable();
  private readonly inbox: Inbox;
  private readonly consumer: Consumer;
  private readonly acks: AckLedger;
  private readonly credit: CreditLedger | undefined;
  private phase: Phase = 'detached';
  private isPaused = false;
  private resolveEnded!: (end: SubscriptionEnd) => void;

  constructor(
    readonly id: string,
    private readonly options: SubscribeOptions,
    private readonly handlers: SubscriptionHandlers | undefined,
    private readonly link: SubscriptionLink,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
    this.inbox = new Inbox(options.credit ?? options.maxQueuedEvents ?? DEFAULT_MAX_QUEUED_EVENTS);
    this.acks = new AckLedger(this.done, this.received, link.clock, (generation, positions) =>
      link.ack({ id, generation, positions }),
    );
    if (options.credit !== undefined) {
      this.credit = new CreditLedger(options.credit, (events) => {
        if (this.phase === 'live' || this.phase === 'asked') link.credit({ id, events });
      });
    }
    const window = options.dedupe === true ? DEFAULT_DEDUPE_WINDOW : Number(options.dedupe ?? 0);
    this.consumer = new Consumer(this.inbox, this.done, window > 0 ? new EventWindow(window) : undefined, {
      finished: (events, batch) => this.finished(events, batch),
      cameTo: (payload) => this.acks.cameTo(payload),
      failed: (error) => this.end(error, true),
    });
    if (handlers !== undefined) void this.consumer.run(handlers);
  }

  get cursor(): string | undefined {
    return this.done.cursor();
  }

  /** Where the next connection has to begin; undefined: as the user asked. */
  get resumeCursor(): string | undefined {
    return this.received.cursor();
  }

  /** False after {@link attach} means that the consumer has to make room first. */
  get isAsked(): boolean {
    return this.phase === 'asked';
  }

  ack(): void {
    this.checkCanAck();
    this.acks.now();
  }

  ackEvents(events: readonly StreamEvent[]): void {
    const single = this.single(events);
    if (single !== undefined) this.link.ack(single);
  }

  nackEvents(events: readonly StreamEvent[], delayMs?: number): void {
    const single = this.single(events);
    this.consumer.forget(events);
    if (single !== undefined) this.link.nack({ ...single, ...(delayMs !== undefined && { delay_ms: delayMs }) });
  }

  nack(delayMs?: number): void {
    this.checkCanAck();
    this.consumer.forget();
    const positions = this.acks.refuse();
    if (this.phase !== 'live' || this.generation === undefined) return;
    const { id, generation } = this;
    this.link.nack({ id, generation, positions, ...(delayMs !== undefined && { delay_ms: delayMs }) });
  }

  close(): void {
    this.end(undefined, true);
  }

  [Symbol.asyncIterator](): AsyncIterator<SubscriptionMessage> {
    if (this.handlers !== undefined) {
      throw new DistributaryError('request.invalid', 'a subscription with handlers cannot be iterated');
    }
    return this.consumer.iterate(
      () => this.close(),
      async () => (await this.ended).error,
    );
  }

  /** A connection is up. Asks at once, or when the consumer has made room. */
  attach(): void {
    if (this.phase === 'ended') return;
    const held = this.inbox.queuedEvents + this.consumer.eventsInHand;
    const hasRoom = this.options.credit === undefined ? !this.inbox.isFull : held < this.options.credit;
    if (!hasRoom) {
      this.phase = 'held';
      return;
    }
    this.phase = 'asked';
    this.link.subscribe(subscribePayload(this.id, this.options, this.resumeCursor, this.credit?.reset(held)));
  }

  detach(): void {
    if (this.phase === 'ended') return;
    this.phase = 'detached';
    this.feed = undefined;
    this.generation = undefined;
    this.isPaused = false;
    this.acks.disconnected();
  }

  accept(message: ServerMessage): void {
    if (this.phase === 'ended' || this.phase === 'detached') return;
    switch (message.type) {
      case 'subscribed':
        return this.subscribed(message.payload);
      case 'data': {
        const batch = batchOf(message);
        // Acknowledged one by one: it belongs to no chain and moves no position, and holds something for each that was dropped.
        if (batch.isSingle === true) return this.put({ message: batch, eventCount: message.payload.events.length });
        return this.step(message, batch);
      }
      case 'snapshot':
        if (this.received.isBehind(message.payload)) return;
        return this.step(message, batchOf(message));
      case 'position':
        return this.step(message);
      case 'gap':
        return this.step(message, gapOf(message.payload));
      case 'status':
        return this.status(message.payload.state);
      case 'error':
        return this.refused(errorOfPayload(message.payload));
      default:
    }
  }

  fail(error: DistributaryError): void {
    this.end(error, false);
  }

  private subscribed(payload: SubscribedPayload): void {
    const skipped = this.mayJump(payload) ? undefined : this.received.wouldSkip(payload);
    if (skipped !== undefined) {
      return this.broken(`${skipped.topic}#${skipped.partition}`, skipped.epoch, skipped.position);
    }
    this.phase = 'live';
    this.feed = payload.feed;
    this.generation = payload.generation;
    this.received.subscribed(payload);
    this.put({ step: { type: 'subscribed', payload }, message: subscribedOf(payload), eventCount: 0 });
    this.acks.connected(payload);
  }

  /** Nothing was promised, or another consumer of the same name went on in the meantime. */
  private mayJump(payload: SubscribedPayload): boolean {
    return payload.recovered !== 'full' || this.options.name !== undefined;
  }

  private checkCanAck(): void {
    if (this.link.canAck && this.options.name !== undefined) return;
    throw new DistributaryError('request.invalid', 'only a named subscription over WebSocket can acknowledge');
  }

  /** Undefined while there is no connection: then the service sends them again by itself. */
  private single(events: readonly StreamEvent[]): AckPayload | undefined {
    this.checkCanAck();
    const event_ids = events.map(eventIdOf).filter((id) => id !== undefined);
    const { id, generation } = this;
    if (this.phase !== 'live' || generation === undefined || event_ids.length === 0) return undefined;
    return { id, generation, event_ids };
  }

  private step(step: LaneStep, message?: SubscriptionMessage): void {
    const { lane, epoch } = step.payload;
    if (!this.received.follows(step)) {
      const to = step.type === 'gap' ? step.payload.from : 'prev' in step.payload ? step.payload.prev : '';
      return this.broken(lane, epoch, to);
    }
    this.received.apply(step);
    const waiting = message?.type === 'events' ? message.events.length : 0;
    this.put({ step, message, eventCount: this.credit === undefined ? waiting : creditOf(step) });
  }

  private broken(lane: string, epoch: string, to: string): void {
    const from = this.received.positionOf(lane);
    this.put({ message: { type: 'gap', lane, epoch, from, to, reason: 'chain' }, eventCount: 0 });
    const said = `${lane}: "${from}" was told last, "${to}" came`;
    this.link.violated(new DistributaryError('protocol.violation', said, { retryable: true }));
  }

  private status(state: Extract<SubscriptionMessage, { type: 'status' }>['state']): void {
    if (state === 'live') this.received.live();
    this.put({
      message: { type: 'status', state },
      ...(state === 'live' ? { step: { type: 'live' } as const } : {}),
      eventCount: 0,
    });
  }

  /** Before it was live, an error means that the subscription was refused; later it concerns one of its commands. */
  private refused(error: DistributaryError): void {
    if (this.phase !== 'asked') return this.handlers?.onError?.(error);
    if (!error.retryable) return this.end(error, false);
    this.handlers?.onError?.(error);
    this.phase = 'detached';
    this.link.clock.after(error.retryAfterMs ?? 1_000, () => {
      // Unless a new connection has asked already.
      if (this.phase === 'detached') this.attach();
    });
  }

  private put(item: Parameters<Inbox['put']>[0]): void {
    this.inbox.put(item);
    if (!this.inbox.isFull || this.isPaused || this.options.credit !== undefined) return;
    this.isPaused = this.link.pause(this);
    if (this.isPaused) return;
    const said = `${this.inbox.queuedEvents} events wait for the consumer and this transport cannot stop reading: use credit`;
    this.end(new DistributaryError('consumer.too_slow', said), true);
  }

  private finished(events: number, batch: EventBatch | undefined): void {
    if (this.phase === 'ended') return;
    if (batch?.isSingle === true && this.options.autoAck === true) this.ackEvents(batch.events);
    if (this.options.autoAck === true && this.link.canAck && this.options.name !== undefined) this.acks.soon();
    this.credit?.done(events, this.inbox.isEmpty);
    if (this.phase === 'held') this.attach();
    if (this.isPaused && this.inbox.isRelaxed) {
      this.isPaused = false;
      this.link.resume(this);
    }
  }

  private end(error: DistributaryError | undefined, tell: boolean): void {
    if (this.phase === 'ended') return;
    if (this.options.autoAck === true && this.phase === 'live' && this.link.canAck && this.options.name !== undefined) {
      this.acks.now();
    }
    const isKnownThere = this.phase === 'asked' || this.phase === 'live';
    this.phase = 'ended';
    this.acks.stop();
    this.inbox.close();
    this.link.ended(this, tell && isKnownThere);
    this.resolveEnded(error === undefined ? {} : { error });
  }
}
