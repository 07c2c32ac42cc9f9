import { connect, type DistributaryClient } from 'distributary';
import { type DeliveredEvent, type DeliveredMarketEvent, monotonicMicros, sequenceOf } from '@distributary/bench';

/** It hangs with so many events in hand; then its socket is not read any more. */
const MAX_QUEUED_EVENTS = 500;

/**
 * A durable subscriber, at least once, as a program of a user is: the client library, whose handler hangs when it is told to.
 * What the library does then and afterwards (not read, come back with its position, acknowledge) is part of what is tested.
 */
export class StoppingReader {
  /** By sequence: how often, and when it came first. */
  readonly received = new Map<number, { times: number; readonly atMicros: number }>();
  outOfOrder = 0;
  /** By state, of `status` messages: how often. */
  readonly statuses = new Map<string, number>();
  gaps = 0;
  /** Times that it was told that it is subscribed. */
  subscribedTimes = 0;
  readonly errors: string[] = [];
  private readonly client: DistributaryClient;
  private readonly latest = new Map<number, number>();
  private hanging: Promise<void> | undefined;
  private goOn: () => void = () => undefined;

  /** `keys`: event `n` has key `n % keys`, in which it has its order. */
  constructor(
    url: string,
    name: string,
    selection: { readonly patterns: readonly string[] },
    private readonly keys: number,
  ) {
    this.client = connect(url, { onError: (error) => this.errors.push(error.message) });
    this.client.subscribe(
      {
        ...selection,
        ...{ name, deliveryGuarantee: 'at_least_once', slowPolicy: 'block', autoAck: true },
        maxQueuedEvents: MAX_QUEUED_EVENTS,
      },
      {
        onEvents: async ({ events }) => {
          for (const event of events) this.take(event as unknown as DeliveredEvent | DeliveredMarketEvent);
          await this.hanging;
        },
        onGap: () => void this.gaps++,
        onStatus: ({ state }) => void this.statuses.set(state, (this.statuses.get(state) ?? 0) + 1),
        onSubscribed: () => void this.subscribedTimes++,
        onError: (error) => void this.errors.push(error.message),
      },
    );
  }

  stopReading(): void {
    this.hanging = new Promise((resolve) => (this.goOn = resolve));
  }

  readAgain(): void {
    this.hanging = undefined;
    this.goOn();
  }

  close(): void {
    this.readAgain();
    this.client.close();
  }

  /** Only first deliveries can be out of order: what is sent again is older than what came before. */
  private take(event: DeliveredEvent | DeliveredMarketEvent): void {
    const sequence = sequenceOf(event);
    if (sequence === undefined) return;
    const known = this.received.get(sequence);
    if (known !== undefined) {
      known.times++;
      return;
    }
    this.received.set(sequence, { times: 1, atMicros: monotonicMicros() });
    const key = sequence % this.keys;
    if (sequence < (this.latest.get(key) ?? -1)) this.outOfOrder++;
    else this.latest.set(key, sequence);
  }
}
