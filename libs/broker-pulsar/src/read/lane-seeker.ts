import type { Position } from '@distributary/distribution-core';
import { positionAt } from '../records/message-position.js';
import type { LaneStatsFinder } from '../topics/lane-stats.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';

const MICROS_PER_MS = 1_000;

/** Finds positions by time; Pulsar keeps milliseconds. */
export class LaneSeeker {
  constructor(
    private readonly web: PulsarWeb,
    private readonly names: PulsarNames,
    private readonly stats: LaneStatsFinder,
  ) {}

  /** Just before the first event that Pulsar took at or after that time. */
  async seek(topic: PulsarTopic, partition: number, timeMicros: number): Promise<Position> {
    const { beforeFirst, last } = await this.stats.of(topic, partition);
    const ms = Math.max(Math.ceil(timeMicros / MICROS_PER_MS), 0);
    const path = `${this.names.lane(topic.name, partition)}/messageid/${ms}`;
    const { ledgerId, entryId } = (await this.web.ask({ method: 'GET', path })) as {
      readonly ledgerId: number;
      readonly entryId: number;
    };
    const before = positionAt(ledgerId, entryId - 1);
    if (before <= beforeFirst) return beforeFirst;
    return before < last ? before : last;
  }
}
