import type { IdSource, LogTopic, Retention, Retrying } from '@distributary/distribution-core';
import { DistributionError, invalidRequest } from '@distributary/distribution-core';
import { connectionLost, hasStatus, topicNotFound } from '../pulsar.errors.js';
import { firstMessageFrame } from '../records/event-message.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import { sendOnce } from '../wire/send-once.js';
import type { LaneStatsFinder } from './lane-stats.js';
import type { PulsarNames } from './pulsar-names.js';
import {
  begunTopic,
  isAtLeast,
  isReadableFor,
  logTopic,
  NEVER,
  type PulsarRetention,
  pulsarRetention,
  retentionText,
  STAYS,
  TOPIC_PROPERTY,
} from './pulsar-topic.js';
import type { TopicDirectory } from './topic-directory.js';

export interface TopicAdminParts {
  readonly web: PulsarWeb;
  readonly names: PulsarNames;
  readonly directory: TopicDirectory;
  readonly stats: LaneStatsFinder;
  readonly retrying: Retrying;
  readonly ids: IdSource;
  readonly timeoutMs: number;
}

const MAX_PARTITIONS = 1024;
const WITH_PROPERTIES = 'application/vnd.partitioned-topic-metadata+json';
const EPOCH_LETTERS = 12;
const KEEPS_NOTHING = { retentionTimeInMinutes: 0, retentionSizeInMB: 0 } as const;

/** Topics as the port knows them. */
export class TopicAdmin {
  constructor(private readonly parts: TopicAdminParts) {}

  /**
   * Properties, policies, the first message of each lane, and then the mark that it is finished. Several processes may make
   * the same topic at once, and whoever dies in between leaves one that is not there for anybody: the others, and the next
   * call, go on with it under its epoch, each step being the same whoever does it. Each is told that it is made.
   */
  async create(name: string, partitions: number, retention: Retention): Promise<LogTopic> {
    const { names, retrying, ids, timeoutMs } = this.parts;
    names.check(name);
    if (!Number.isInteger(partitions) || partitions < 1 || partitions > MAX_PARTITIONS) {
      throw invalidRequest([{ path: 'partitions', rule: `must be an integer from 1 to ${MAX_PARTITIONS}` }]);
    }
    const newEpoch = ids.uuid().replaceAll('-', '').slice(0, EPOCH_LETTERS);
    const epoch = await retrying.within(timeoutMs, () => this.reserve(name, partitions, retention, newEpoch));
    await retrying.within(timeoutMs, () => this.setPolicies(name, retention));
    const firstLedgers = await retrying.within(timeoutMs, () => this.begin(name, partitions, epoch));
    await retrying.within(timeoutMs, () =>
      this.setProperties(name, { [TOPIC_PROPERTY.first]: firstLedgers.join(',') }),
    );
    return logTopic(await this.parts.directory.topic(name, 0));
  }

  async delete(name: string): Promise<void> {
    const { directory, retrying, timeoutMs } = this.parts;
    await retrying.within(timeoutMs, async (tries) => {
      // An earlier attempt may have been heard.
      if ((await directory.find(name, 0)) === undefined && tries > 0) return;
      await directory.topic(name, 0);
      await this.remove(name);
    });
    directory.gone(name);
  }

  async setRetention(name: string, retention: Retention): Promise<void> {
    const { directory, names, web, retrying, timeoutMs } = this.parts;
    await retrying.within(timeoutMs, async () => {
      await directory.topic(name, 0);
      await web.ask({ method: 'POST', path: `${names.topic(name)}/retention`, body: pulsarRetention(retention) });
      await this.setProperties(name, { [TOPIC_PROPERTY.retention]: retentionText(retention) });
    });
  }

  /** Topics that were made here. Those of others are used by their names, but never listed: nobody shall tidy them up. */
  list(): Promise<readonly LogTopic[]> {
    const { directory, names, retrying, timeoutMs } = this.parts;
    return retrying.within(timeoutMs, async () => {
      const listed = await this.listed();
      const topics = await Promise.all(listed.map((each) => directory.find(names.ourName(each), 0)));
      return topics.flatMap((topic) => (topic?.isOurs === true ? [logTopic(topic)] : []));
    });
  }

  /** What Pulsar lists, asked once: whoever asks wants to know whether it answers. */
  async listed(): Promise<readonly string[]> {
    const { names, web } = this.parts;
    return (await web.ask({ method: 'GET', path: `persistent/${names.space}/partitioned` })) as string[];
  }

  /** Topics of ours of which Pulsar keeps less than they promise: somebody else has changed it. */
  keptTooShort(): Promise<readonly string[]> {
    const { retrying, timeoutMs } = this.parts;
    return retrying.within(timeoutMs, async () => {
      const topics = await this.list();
      const isKept = await Promise.all(topics.map(({ name, retention }) => this.isKept(name, retention)));
      return topics.filter((_, index) => !isKept[index]).map(({ name }) => name);
    });
  }

  private async isKept(name: string, retention: Retention): Promise<boolean> {
    const { names, web } = this.parts;
    const applied = (policy: string) => web.find(`${names.topic(name)}/${policy}?applied=true`);
    const [kept, ttlSeconds] = await Promise.all([applied('retention'), applied('messageTTL')]);
    // Nothing at all: the broker's own default, which is to keep nothing.
    const isKept = isAtLeast((kept ?? KEEPS_NOTHING) as PulsarRetention, pulsarRetention(retention));
    return isKept && isReadableFor((ttlSeconds ?? NEVER) as number, retention);
  }

  /** The epoch under which it is being made: the new one, or that of whoever began before. */
  private async reserve(name: string, partitions: number, retention: Retention, newEpoch: string): Promise<string> {
    const { names, web } = this.parts;
    const path = `${names.topic(name)}/partitions`;
    const properties = { [TOPIC_PROPERTY.epoch]: newEpoch, [TOPIC_PROPERTY.retention]: retentionText(retention) };
    try {
      await web.ask({ method: 'PUT', path, body: { partitions, properties }, contentType: WITH_PROPERTIES });
      return newEpoch;
    } catch (error) {
      if (!hasStatus(error, 409)) throw error;
    }
    const begun = begunTopic(await web.find(path));
    if (begun?.epoch === undefined || (begun.isFinished && begun.epoch !== newEpoch)) {
      throw new DistributionError('topic.exists', `there is a topic ${name} already`);
    }
    if (begun.partitions !== partitions || begun.retention !== retentionText(retention)) {
      // Nobody who wants this one will finish it.
      await this.remove(name);
      throw connectionLost(`create topic ${name}`, new Error('what was left of an earlier attempt is being removed'));
    }
    // Pulsar may have died between the topic and its lanes.
    await web.ask({ method: 'POST', path: `${names.topic(name)}/createMissedPartitions` });
    return begun.epoch;
  }

  private async setPolicies(name: string, retention: Retention): Promise<void> {
    const { names, web } = this.parts;
    const policies = {
      retention: pulsarRetention(retention),
      deduplicationEnabled: true,
      inactiveTopicPolicies: STAYS,
    };
    for (const [policy, body] of Object.entries(policies)) {
      await web.ask({ method: 'POST', path: `${names.topic(name)}/${policy}`, body });
    }
    // Unlike the others it is no body: one would be taken without a word, and for nothing.
    await web.ask({ method: 'POST', path: `${names.topic(name)}/messageTTL?messageTTL=${NEVER}` });
    // Policies come to the brokers by a topic of their own, a moment later.
    if (!(await this.isKept(name, retention))) throw connectionLost(`keep ${name} for as long as it promises`);
  }

  /** Its first message stays where it is, so that later its absence says that something has expired. */
  private begin(name: string, partitions: number, epoch: string): Promise<number[]> {
    const { names, web, stats, timeoutMs } = this.parts;
    return Promise.all(
      Array.from({ length: partitions }, async (_, partition) => {
        const { ledger, isEmpty } = await stats.beginning(name, partition);
        if (!isEmpty) return ledger;
        const query = { producerName: `distributary-first-${epoch}`, initialSequenceId: '0' };
        await sendOnce(web, `producer/${names.lane(name, partition)}`, query, firstMessageFrame(epoch), timeoutMs);
        return (await stats.beginning(name, partition)).ledger;
      }),
    );
  }

  private setProperties(name: string, properties: Readonly<Record<string, string>>): Promise<unknown> {
    const { names, web } = this.parts;
    return web.ask({ method: 'PUT', path: `${names.topic(name)}/properties`, body: properties });
  }

  private async remove(name: string): Promise<void> {
    const { names, web } = this.parts;
    try {
      await web.ask({ method: 'DELETE', path: `${names.topic(name)}/partitions?force=true` });
    } catch (error) {
      if (hasStatus(error, 404)) throw topicNotFound(name);
      throw error;
    }
  }
}
