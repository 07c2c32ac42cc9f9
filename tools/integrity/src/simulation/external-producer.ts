import type { EventRecord } from '@distributary/distribution-core';
import { recordOf } from './producer.js';
import type { SimulatedBroker } from './simulated-broker.js';
import type { SimulatedTime } from './simulated-time.js';
import type { SimulatedSubscription } from './subscription-plan.js';

/** Somebody who writes to the broker without us; what the broker has is due to those who read the copies. */
export class ExternalProducer {
  readonly isIdle = true;
  acknowledged = 0;
  private readonly sequences = new Map<string, number>();

  constructor(
    readonly topic: string,
    private readonly around: {
      readonly time: SimulatedTime;
      readonly broker: SimulatedBroker;
      readonly subscriptions: readonly SimulatedSubscription[];
    },
  ) {}

  publish(keys: readonly number[], _isTwice: boolean): void {
    const { broker, subscriptions, time } = this.around;
    const records: EventRecord[] = [];
    for (const number of keys) {
      const key = `${this.topic}-k${number}`;
      const sequence = this.sequences.get(key) ?? 0;
      this.sequences.set(key, sequence + 1);
      records.push(recordOf(key, sequence, time.nowMs));
      this.acknowledged++;
      for (const { ledger } of subscriptions) {
        ledger.sent(key, sequence);
        // Its copy has no place yet: no gap excuses it.
        ledger.acknowledged(key, sequence, { lane: '', epoch: '', position: '' });
      }
    }
    void broker.append(broker.client(), [{ topic: this.topic, partition: 0, records }], undefined);
  }

  publishAgain(): void {
    // Others publish what they like once.
  }
}
