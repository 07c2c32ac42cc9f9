import { DistributionError } from '../errors/distribution-error.js';
import type { EventRecord } from '../event.js';
import type { Clock } from '../ports/clock.port.js';
import type { DeadLetter, DeadLetterStore } from '../ports/dead-letter-store.port.js';
import type { Log } from '../ports/log.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { partitionOf } from '../routing/partition.js';
import { readLetter } from './dead-letter-reader.js';

export interface TopicReplayDependencies {
  readonly store: Pick<DeadLetterStore, 'settle'>;
  readonly log: Log;
  readonly directory: { find(name: string): TopicDefinition | undefined };
  readonly clock: Clock;
  /** Where a tenant's letters lie. */
  readonly lettersOf: (tenant: string) => Promise<TopicDefinition>;
}

/** Sends dead letters whose replay was begun to the topics that their events came from. */
export class TopicReplay {
  constructor(private readonly deps: TopicReplayDependencies) {}

  /**
   * How many were sent. One whose topic or event is gone is dead again and stops no other; if there are only such,
   * `topic.not_found` or `position.lost`. Rejects if store or broker do not answer: then what is left is still on its way.
   */
  async send(letters: readonly DeadLetter[]): Promise<number> {
    const failures: DistributionError[] = [];
    for (const letter of letters) {
      const failure = await this.sendOne(letter);
      if (failure !== undefined) failures.push(failure);
    }
    if (failures.length > 0 && failures.length === letters.length) throw failures[0];
    return letters.length - failures.length;
  }

  /** Where the log has transactions, exactly once: the event and the mark that it was replayed are one append. */
  private async sendOne(letter: DeadLetter): Promise<DistributionError | undefined> {
    const { store, log, directory, clock, lettersOf } = this.deps;
    const { deadLetterId, replays } = letter;
    const group = `dead-letter:${deadLetterId}:${replays}`;
    const target = directory.find(letter.at.topic);
    const source = await lettersOf(letter.tenant);
    const isThere = (await log.committed(group)).length > 0;
    const found = isThere ? undefined : await readLetter(log, source.brokerName, letter);
    if (!isThere) {
      if (target === undefined || found === undefined) {
        await store.settle([deadLetterId], ['replaying'], 'dead', clock.nowMicros());
        return target === undefined
          ? new DistributionError('topic.not_found', `${letter.at.topic} does not exist any more`)
          : new DistributionError('position.lost', 'the event is not kept any more');
      }
      const { event_id: _, ...attributes } = withoutLetter(found.batch.recordAt(found.index).attributes);
      // Another id in the log: the copy is meant to be seen although the first one may be within the dedupe window.
      const eventId = `${letter.eventId}~${deadLetterId}.${replays}`;
      const record = { ...found.batch.recordAt(found.index), eventId, attributes };
      const partition = partitionOf(letter.routingKey, target.partitions);
      const { partition: from, epoch, position } = letter.letter;
      const positions = [{ topic: source.brokerName, partition: from, epoch, position }];
      await log.append([{ topic: target.brokerName, partition, records: [record] }], { group, positions });
    }
    await store.settle([deadLetterId], ['replaying'], 'replayed', clock.nowMicros());
    await log.deleteGroup(group).catch(() => undefined);
    return undefined;
  }
}

function withoutLetter(attributes: EventRecord['attributes']): Record<string, EventRecord['attributes'][string]> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !name.startsWith('dead_letter_')));
}
