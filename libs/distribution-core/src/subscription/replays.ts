import type { DeadLetters } from '../delivery/dead-letters.js';
import type { QueueSubscription } from '../delivery/queue/queue-subscription.js';
import { ReplayLane } from '../delivery/queue/replay-lane.js';
import type { ReplaySignals } from '../delivery/replay-signals.js';
import type { Clock } from '../ports/clock.port.js';
import type { DeadLetterStore } from '../ports/dead-letter-store.port.js';
import type { Log } from '../ports/log.port.js';
import type { DurableSubscription } from './subscription.js';

export interface ReplaysDependencies {
  readonly letters: DeadLetters;
  readonly store: DeadLetterStore;
  readonly signals: ReplaySignals;
  readonly log: Log;
  readonly clock: Clock;
}

/** Brings dead letters whose replay was asked for back to the owner of their subscription. */
export class Replays {
  constructor(private readonly deps: ReplaysDependencies) {}

  get letters(): DeadLetters {
    return this.deps.letters;
  }

  /** Whenever letters of the subscription may be on their way. The returned function ends it. */
  watch(subscriptionId: string, callback: () => void): () => void {
    return this.deps.signals.watch(subscriptionId, callback);
  }

  async areThere(subscriptionId: string): Promise<boolean> {
    return (await this.deps.store.inReplay(subscriptionId, 1)).length > 0;
  }

  /** Adds them to what an engine gives out, now and whenever more come. The returned function ends it. */
  async attach({ subscriptionId, tenant }: DurableSubscription, engine: QueueSubscription): Promise<() => void> {
    const { letters, store, log, clock } = this.deps;
    const { name: topic, brokerName: brokerTopic } = await letters.topicOf(tenant);
    const [{ lane }] = await log.ends(brokerTopic);
    const replays = new ReplayLane({
      store,
      log,
      clock,
      subscriptionId,
      topic,
      brokerTopic,
      epoch: lane.epoch,
      onEntries: () => engine.dispatch(),
    });
    engine.addLane(replays);
    const end = this.watch(subscriptionId, () => void replays.refill());
    void replays.refill();
    return () => {
      end();
      void engine.drop([replays.lane]);
    };
  }
}
