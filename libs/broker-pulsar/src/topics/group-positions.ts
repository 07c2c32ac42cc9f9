import type { GroupCommit, LanePosition, Retrying } from '@distributary/distribution-core';
import { hasStatus, topicNotFound } from '../pulsar.errors.js';
import { placeOf } from '../records/message-position.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { PulsarNames } from './pulsar-names.js';
import { STAYS } from './pulsar-topic.js';
import type { TopicDirectory } from './topic-directory.js';

interface GroupStats {
  readonly subscriptions: Readonly<Record<string, { readonly subscriptionProperties?: Record<string, string> }>>;
}

/** What is kept of a lane, as the properties of a subscription. */
const FIELD = { topic: 'topic', partition: 'partition', epoch: 'epoch', position: 'position' } as const;
const LATEST = { ledgerId: -1, entryId: -1 } as const;

/**
 * Positions of groups. Each group has a topic of its own that stays empty, with one subscription per lane whose properties
 * say how far the group has come: Pulsar writes them to its metadata store before it answers. A subscription of the lane
 * itself would keep everything behind it from expiring, which no group of a log may do.
 */
export class GroupPositions {
  /** By subscription: commits of one lane follow one another. */
  private readonly last = new Map<string, Promise<void>>();
  private readonly known = new Set<string>();
  /** By group: once in a process, since its lanes are stored side by side. */
  private readonly kept = new Map<string, Promise<unknown>>();

  constructor(
    private readonly web: PulsarWeb,
    private readonly names: PulsarNames,
    private readonly directory: TopicDirectory,
    private readonly retrying: Retrying,
    private readonly timeoutMs: number,
  ) {}

  committed(group: string): Promise<readonly LanePosition[]> {
    const path = `${this.names.group(group)}/stats`;
    return this.retrying.within(this.timeoutMs, async () => {
      const stats = (await this.web.find(path)) as GroupStats | undefined;
      return Object.values(stats?.subscriptions ?? {}).flatMap(({ subscriptionProperties: fields }) =>
        fields?.[FIELD.position] === undefined
          ? []
          : [
              {
                topic: fields[FIELD.topic],
                partition: Number(fields[FIELD.partition]),
                epoch: fields[FIELD.epoch],
                position: fields[FIELD.position],
              },
            ],
      );
    });
  }

  async commit({ group, positions }: GroupCommit): Promise<void> {
    const topic = this.names.group(group);
    for (const { topic: name, partition, position } of positions) {
      placeOf(position, 'position');
      const found = await this.retrying.within(this.timeoutMs, () => this.directory.topic(name, TOPIC_AGE_MS));
      if (partition >= found.partitions) throw topicNotFound(`${name}#${partition}`);
    }
    await Promise.all(positions.map((position) => this.inTurn(topic, position)));
  }

  async delete(group: string): Promise<void> {
    const topic = this.names.group(group);
    this.forget(topic);
    await this.retrying.within(this.timeoutMs, async () => {
      try {
        await this.web.ask({ method: 'DELETE', path: `${topic}?force=true` });
      } catch (error) {
        if (!hasStatus(error, 404)) throw error;
      }
    });
  }

  private async inTurn(group: string, lane: LanePosition): Promise<void> {
    const path = `${group}/subscription/${encodeURIComponent(`${lane.topic}#${lane.partition}`)}`;
    const before = this.last.get(path) ?? Promise.resolve();
    const stored = before
      .catch(() => undefined)
      .then(() => this.retrying.within(this.timeoutMs, () => this.store(group, path, lane)));
    this.last.set(path, stored);
    try {
      await stored;
    } finally {
      if (this.last.get(path) === stored) this.last.delete(path);
    }
  }

  private async store(group: string, path: string, { topic, partition, epoch, position }: LanePosition): Promise<void> {
    const properties = {
      [FIELD.topic]: topic,
      [FIELD.partition]: String(partition),
      [FIELD.epoch]: epoch,
      [FIELD.position]: position,
    };
    if (this.known.has(path) && (await this.update(path, properties))) return;
    if (await this.ignoring(409, () => this.web.ask({ method: 'PUT', path: group }))) this.kept.delete(group);
    await this.keep(group);
    await this.ignoring(409, () => this.web.ask({ method: 'PUT', path, body: { ...LATEST, properties } }));
    await this.web.ask({ method: 'PUT', path: `${path}/properties`, body: properties });
    this.known.add(path);
  }

  /** Its topic is always empty and without consumers: a cleaner may be set to take such for unused. */
  private keep(group: string): Promise<unknown> {
    let keeping = this.kept.get(group);
    if (keeping === undefined) {
      keeping = this.web.ask({ method: 'POST', path: `${group}/inactiveTopicPolicies`, body: STAYS });
      this.kept.set(group, keeping);
      keeping.catch(() => this.kept.delete(group));
    }
    return keeping;
  }

  /** False if the group was deleted, by whomever. */
  private async update(path: string, properties: Readonly<Record<string, string>>): Promise<boolean> {
    try {
      await this.web.ask({ method: 'PUT', path: `${path}/properties`, body: properties });
      return true;
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
      this.known.delete(path);
      return false;
    }
  }

  /** False if that was the answer. */
  private async ignoring(status: number, ask: () => Promise<unknown>): Promise<boolean> {
    try {
      await ask();
      return true;
    } catch (error) {
      if (!hasStatus(error, status)) throw error;
      return false;
    }
  }

  private forget(group: string): void {
    this.kept.delete(group);
    for (const path of this.known) if (path.startsWith(`${group}/`)) this.known.delete(path);
  }
}

const TOPIC_AGE_MS = 30_000;
