import { DistributionError } from '../errors/distribution-error.js';
import type { EventBatch } from '../event-batch.js';
import type { TailStart } from '../ports/log.port.js';
import { type Position, positionOfOffset } from '../position.js';
import { InMemoryLog } from './in-memory-log.js';

/** Its tails lose their place behind the third event, so often, while the lane still has what is around it. */
export class ForgetfulLog extends InMemoryLog {
  losses = 0;
  private readonly losesBehind: Position = positionOfOffset(2);
  /** Where tails began. */
  readonly tailsAfter: Position[] = [];

  override async *tail(start: TailStart, options: { readonly signal: AbortSignal }): AsyncGenerator<EventBatch> {
    this.tailsAfter.push(start.after);
    for await (const batch of super.tail(start, options)) {
      if (batch.lastPosition > this.losesBehind && this.losses > 0) {
        this.losses--;
        throw new DistributionError('position.lost', 'what lies between is not known');
      }
      yield batch;
    }
  }
}
