import type { EventRecord } from '../../event.js';
import type { EventBatch } from '../../event-batch.js';
import type { Delivery } from '../../ports/queue.port.js';
import type { LanePosition } from '../../position.js';
import type { DeadLetterReason } from '../dead-letter.js';
import type { DispatchLane } from './dispatch.js';
import type { LogQueueConsumer } from './queue-consumer.js';

/**
 * Where one event of a subscription stands:
 * - `ready`: to be delivered, not before `readyAtMs`. From the lane, from a nack, a time-out or a consumer that closed.
 * - `held`: delivered to `holder`. Left by ack (done), nack, time-out, `holder` closing or an earlier event of its
 *   order being redelivered (ready), or the last attempt failing (dying).
 * - `dying`: on its way to the dead letters; nothing that must come after it is delivered. Left when it is there (done).
 * - `done`: dealt with. Stays in the lane until all before it are done too.
 */
export type EntryState = 'ready' | 'held' | 'dying' | 'done';

export class Entry {
  state: EntryState = 'ready';
  readyAtMs = 0;
  holder: LogQueueConsumer | undefined;
  /** How often it was delivered. */
  attempt = 0;
  /** How many of these ended in a nack or a time-out of its own. */
  failures = 0;
  reason: DeadLetterReason = 'ack_timeout';
  /** Epoch microseconds of the first of its failures. */
  firstFailureMicros = 0;

  constructor(
    readonly lane: DispatchLane,
    readonly position: string,
    readonly routingKey: string,
    private readonly batch: EventBatch,
    private readonly index: number,
  ) {}

  delivery(): Delivery {
    const { topic, partition, epoch } = this.lane.lane;
    return new BatchDelivery(
      this.batch,
      this.index,
      { topic, partition, epoch, position: this.position },
      this.attempt,
    );
  }
}

/** The record is made when somebody asks for it: whoever writes frames takes the bytes from the batch. */
class BatchDelivery implements Delivery {
  constructor(
    readonly batch: EventBatch,
    readonly index: number,
    readonly at: LanePosition,
    readonly attempt: number,
  ) {}

  get event(): EventRecord {
    return this.batch.recordAt(this.index);
  }
}
