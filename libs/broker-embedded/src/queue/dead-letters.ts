import type { Clock, Counter, Log } from '@distributary/distribution-core';
import { DistributionError, partitionOf } from '@distributary/distribution-core';
import type { Entry } from './entry.js';

const RETRY_MS = 500;

/**
 * Takes events that failed too often to the dead-letter topic: the event as it was, with where it came from and how
 * often it was tried as attributes. Tries for ever while the broker does not answer; a letter is never lost because
 * its topic is away for a while, only because there is none.
 */
export class DeadLetters {
  private readonly pauses = new Set<() => void>();
  private isStopped = false;

  constructor(
    private readonly log: Log,
    private readonly clock: Clock,
    private readonly topic: string | undefined,
    private readonly dropped: Counter,
  ) {}

  /** True when the event is in the topic, or was dropped; false if it was stopped first. */
  async send(entry: Entry): Promise<boolean> {
    while (!this.isStopped) {
      if (this.topic === undefined) {
        this.dropped.add();
        return true;
      }
      try {
        await this.append(this.topic, entry);
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

  private async append(topic: string, entry: Entry): Promise<void> {
    const { event, at } = entry.delivery();
    const attributes = {
      ...event.attributes,
      dead_letter_topic: at.topic,
      dead_letter_partition: at.partition,
      dead_letter_position: at.position,
      dead_letter_attempts: entry.attempt,
    };
    const partitions = (await this.log.ends(topic)).length;
    const partition = partitionOf(event.routingKey, partitions);
    await this.log.append([{ topic, partition, records: [{ ...event, attributes }] }]);
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
