import { DistributionError } from '../../errors/distribution-error.js';
import type { Delivery, QueueConsumer } from '../../ports/queue.port.js';
import type { Entry } from './entry.js';
import type { QueueSubscription } from './queue-subscription.js';

interface Receiver {
  readonly max: number;
  readonly resolve: (deliveries: readonly Delivery[]) => void;
}

export class LogQueueConsumer implements QueueConsumer {
  readonly held = new Set<Entry>();
  private readonly receivers: Receiver[] = [];
  private isClosed = false;

  constructor(private readonly subscription: QueueSubscription) {}

  receive(max: number, signal?: AbortSignal): Promise<readonly Delivery[]> {
    if (this.isClosed || signal?.aborted) return Promise.resolve([]);
    return new Promise((resolve) => {
      const receiver: Receiver = {
        max,
        resolve: (deliveries) => {
          signal?.removeEventListener('abort', giveUp);
          resolve(deliveries);
        },
      };
      const giveUp = () => {
        const place = this.receivers.indexOf(receiver);
        if (place >= 0) this.receivers.splice(place, 1);
        receiver.resolve([]);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      this.receivers.push(receiver);
      this.subscription.dispatch();
    });
  }

  async ack(deliveries: readonly Delivery[]): Promise<void> {
    this.check();
    await this.subscription.ack(deliveries);
  }

  async ackCumulative(delivery: Delivery): Promise<void> {
    this.check();
    await this.subscription.ackCumulative(delivery);
  }

  async nack(deliveries: readonly Delivery[], delayMs?: number): Promise<void> {
    this.check();
    this.subscription.nack(this, deliveries, delayMs);
  }

  async close(): Promise<void> {
    if (this.isClosed) return;
    this.end();
    await this.subscription.leave(this);
  }

  /** Ends without giving back: the subscription itself is ending. */
  end(): void {
    this.isClosed = true;
    for (const receiver of this.receivers.splice(0)) receiver.resolve([]);
  }

  /** How many more it may be given now; 0 while nobody asks. */
  get appetite(): number {
    const [receiver] = this.receivers;
    if (receiver === undefined) return 0;
    return Math.min(receiver.max, this.subscription.options.maxUnacked - this.held.size);
  }

  give(deliveries: readonly Delivery[]): void {
    this.receivers.shift()?.resolve(deliveries);
  }

  private check(): void {
    if (this.isClosed) throw new DistributionError('broker.unavailable', 'the consumer is closed');
  }
}
