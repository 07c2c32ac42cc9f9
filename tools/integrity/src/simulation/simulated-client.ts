import { DistributionError, type Start, type SubscribeCommand } from '@distributary/distribution-core';
import type { SeededRandom } from '../seeded-random.js';
import type { Peer, WireMessage } from './connection.js';
import type { Accepted, Gateway } from './gateway.js';
import type { SimulatedTime } from './simulated-time.js';
import { isShared, type SimulatedSubscription } from './subscription-plan.js';

export interface ClientSurroundings {
  readonly time: SimulatedTime;
  readonly random: SeededRandom;
  /** One that takes connections now. */
  readonly pickGateway: () => Gateway | undefined;
}

/** As the stream encodes an event: the key, and the event's number within it. */
export interface SimulatedEvent {
  readonly event_id: string;
  readonly k: string;
  readonly n: number;
}

export const SUBSCRIPTION_ID = 's';
const RECONNECT_MS = [50, 400] as const;
const RETRY_MS = 300;
const NO_ANSWER_MS = 6_000;

/** One client that comes back after every loss. What it does with what it is sent is for those who extend it. */
export abstract class SimulatedClient implements Peer {
  protected accepted: Accepted | undefined;
  protected generation = 0;
  protected isSubscribed = false;
  private isOnline = false;
  private isReading = true;
  private feed = -1;
  private cancelWaiting: () => void = () => undefined;

  constructor(
    protected readonly subscription: SimulatedSubscription,
    protected readonly around: ClientSurroundings,
  ) {}

  /** Begins to receive, and keeps on. */
  goOnline(): void {
    if (this.isOnline) return;
    this.isOnline = true;
    this.connectSoon(0);
  }

  goOffline(noticedMs: number): void {
    this.isOnline = false;
    this.cut(noticedMs);
  }

  /** The connection breaks; `noticedMs` later the service knows. */
  cut(noticedMs: number): void {
    this.accepted?.connection.cut(noticedMs);
  }

  /** What it has in memory is lost. */
  crash(noticedMs: number): void {
    this.cut(noticedMs);
    this.forget();
  }

  setReading(isReading: boolean): void {
    this.isReading = isReading;
    this.accepted?.connection.setReading(isReading);
  }

  isOf(subscription: SimulatedSubscription): boolean {
    return subscription === this.subscription;
  }

  get isLive(): boolean {
    return this.isSubscribed;
  }

  /** The client refuses what it was sent last. */
  abstract refuse(): void;

  onMessage({ type, payload }: WireMessage): void {
    if (type === 'subscribed') {
      this.isSubscribed = true;
      this.feed = payload.feed as number;
      this.generation = (payload.generation as number | undefined) ?? 0;
      return this.subscribed(payload);
    }
    if (type === 'error') return this.refused(payload);
    if (type === 'status') return;
    if (payload.feed !== this.feed) {
      this.subscription.brokenChains.push(`${type} of feed ${String(payload.feed)}, subscribed to ${this.feed}`);
    }
    this.frame(type, payload);
  }

  onClosed(): void {
    this.accepted = undefined;
    this.isSubscribed = false;
    this.feed = -1;
    this.cancelWaiting();
    this.disconnected();
    if (this.isOnline) this.connectSoon(this.around.random.between(...RECONNECT_MS));
  }

  protected abstract startOf(): Start | undefined;
  protected abstract subscribed(payload: WireMessage['payload']): void;
  protected abstract frame(type: string, payload: WireMessage['payload']): void;
  protected abstract disconnected(): void;
  protected abstract forget(): void;

  /** What the gateway says to a command that it refuses goes the same way as everything else. */
  protected command(act: (accepted: Accepted) => void | Promise<void>, isSubscribe = false): void {
    const { accepted } = this;
    if (accepted === undefined) return;
    accepted.connection.command(() => void this.perform(accepted, act, isSubscribe));
  }

  protected took(events: readonly SimulatedEvent[]): void {
    for (const { k, n } of events) this.subscription.ledger.received(k, n);
    if (this.subscription.plan.credit === undefined || events.length === 0) return;
    this.command(({ session }) => session.credit(SUBSCRIPTION_ID, events.length));
  }

  private async perform(
    accepted: Accepted,
    act: (accepted: Accepted) => void | Promise<void>,
    isSubscribe: boolean,
  ): Promise<void> {
    try {
      await act(accepted);
    } catch (error) {
      if (!(error instanceof DistributionError)) throw error;
      const { code, message } = error;
      accepted.connection.send({ type: 'error', payload: { id: SUBSCRIPTION_ID, code, message, isSubscribe } });
    }
  }

  private connectSoon(afterMs: number): void {
    this.around.time.after(afterMs, () => {
      if (!this.isOnline || this.accepted !== undefined) return;
      const gateway = this.around.pickGateway();
      if (gateway === undefined) return this.connectSoon(RETRY_MS);
      this.accepted = gateway.accept(this, this.subscription.plan.limitBytes);
      this.accepted.connection.setReading(this.isReading);
      this.subscribe();
    });
  }

  private subscribe(): void {
    const { plan } = this.subscription;
    const start = this.startOf();
    const command: SubscribeCommand = {
      id: SUBSCRIPTION_ID,
      selection: { topicPatterns: plan.topics, keyPatterns: [], filter: undefined },
      start,
      slowPolicy: plan.policy,
      maxRate: undefined,
      credit: plan.credit,
      ...(plan.keeper === 'service' && {
        durable: {
          name: plan.name,
          type: plan.type,
          deliveryGuarantee: plan.guarantee,
          subscriberService: 'simulation',
          delivery: { maxAttempts: 1_000_000, ...(isShared(plan) && { maxUnacked: 8 }) },
        },
      }),
    };
    this.command(({ session }) => session.subscribe(command), true);
    this.cancelWaiting();
    const { accepted } = this;
    const isWaitingItsTurn = plan.type === 'failover';
    if (isWaitingItsTurn) return;
    this.cancelWaiting = this.around.time.after(NO_ANSWER_MS, () => {
      if (this.accepted === accepted && !this.isSubscribed) accepted?.connection.cut(0);
    });
  }

  private refused({ code, isSubscribe }: WireMessage['payload']): void {
    this.subscription.refusals.add(String(code));
    // Of an acknowledgement: the subscription itself hears of it in another way.
    if (isSubscribe === false) return;
    this.isSubscribed = false;
    const { accepted } = this;
    this.around.time.after(RETRY_MS, () => {
      if (this.accepted === accepted && accepted !== undefined && !this.isSubscribed) this.subscribe();
    });
  }
}
