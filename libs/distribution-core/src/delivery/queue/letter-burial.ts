import { DistributionError } from '../../errors/distribution-error.js';
import type { Clock } from '../../ports/clock.port.js';
import type { Log } from '../../ports/log.port.js';
import type { Counter } from '../../ports/metrics.port.js';
import { partitionOf } from '../../routing/partition.js';
import type { DeadLetterSink, UndeliverableEvent } from '../dead-letter.js';

const RETRY_MS = 500;

/**
 * Takes events that failed too often to the sink, for ever while that does not answer; a letter is never lost because
 * its topic is away for a while, only because there is none.
 */
export class LetterBurial {
  private readonly pauses = new Set<() => void>();
  private isStopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly sink: DeadLetterSink | undefined,
    private readonly dropped: Counter,
  ) {}

  /** True when the letter is durable, or was dropped; false if it was stopped first. */
  async send(letter: UndeliverableEvent): Promise<boolean> {
    while (!this.isStopped) {
      if (this.sink === undefined) {
        this.dropped.add();
        return true;
      }
      try {
        await this.sink.bury(letter);
        return true;
      } catch (error) {
        if (error instanceof DistributionError && !error.retryable) {
          this.dropped.add();
          return true;
        }
        await this.pause();
      }
    }
    return false;
  }

  stop(): void {
    this.isStopped = true;
    for (const resume of [...this.pauses]) resume();
  }

  private pause(): Promise<void> {
    return new Promise((resolve) => {
      const resume = () => {
        cancel();
        this.pauses.delete(resume);
        resolve();
      };
      const cancel = this.clock.after(RETRY_MS, resume);
      this.pauses.add(resume);
    });
  }
}

/** Dead letters of a queue that has a topic for them and no index: the event as it was, its origin as attributes. */
export class TopicDeadLetters implements DeadLetterSink {
  constructor(
    private readonly log: Log,
    private readonly topic: string,
  ) {}

  async bury({ event, at, attempts }: UndeliverableEvent): Promise<void> {
    const attributes = {
      ...event.attributes,
      dead_letter_topic: at.topic,
      dead_letter_partition: at.partition,
      dead_letter_position: at.position,
      dead_letter_attempts: attempts,
    };
    const partition = partitionOf(event.routingKey, (await this.log.ends(this.topic)).length);
    await this.log.append([{ topic: this.topic, partition, records: [{ ...event, attributes }] }]);
  }
}
