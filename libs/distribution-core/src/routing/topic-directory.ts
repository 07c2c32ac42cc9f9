import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log, LogTopic } from '../ports/log.port.js';
import type { Gauge, Metrics } from '../ports/metrics.port.js';
import type { NewTopic, TopicCatalog, TopicChange, TopicCheck, TopicDefinition } from '../ports/topic-catalog.port.js';
import { someAtATime } from '../some-at-a-time.js';
import { parseRetentionPolicy } from './retention-policy.js';

export interface TopicDirectoryDependencies {
  readonly catalog: TopicCatalog;
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Another process's changes are seen after this. */
  readonly refreshMs?: number;
  readonly onError: (error: unknown) => void;
}

export type TopicListener = (topics: readonly TopicDefinition[]) => Promise<void> | void;

const REFRESH_MS = 1_000;
/** How often at most the catalog is looked at for names that this process does not know. */
const LOOK_EVERY_MS = 100;
/** A broker over the network takes a moment for each topic, and a service begins with dozens. */
const MATCHED_AT_ONCE = 8;

/**
 * The catalog as this process knows it: answers at once, follows the catalog's version, and keeps the broker's topics
 * in step with the rows. While the catalog cannot be reached, what was known last stays valid. A topic that the broker cannot
 * be brought in step with keeps no other from that: `onError` and the metric tell of it, and it is tried again.
 */
export class TopicDirectory {
  private topics = new Map<string, TopicDefinition>();
  private seenVersion = -1;
  private toldVersion = -1;
  private isTold = false;
  private looking: Promise<void> | undefined;
  private lastLookMs = Number.NEGATIVE_INFINITY;
  private cancel: () => void = () => undefined;
  private isStopped = false;
  private last: Promise<unknown> = Promise.resolve();
  private readonly listeners: TopicListener[] = [];
  /** Why the broker is not in step with these, by name. */
  private unmatched: ReadonlyMap<string, unknown> = new Map();
  private readonly unmatchedGauge: Gauge;

  constructor(private readonly deps: TopicDirectoryDependencies) {
    this.unmatchedGauge = deps.metrics.gauge(
      'topics_unmatched',
      'Topics that the broker could not be given as the catalog has them',
    );
  }

  /** Up to which all listeners have followed. */
  get version(): number {
    return this.toldVersion;
  }

  /**
   * Told of what exists at each change, and of what there is now at the next refresh; after all who came before it. What
   * it rejects with goes to `onError`, keeps nobody from anything else, and it is told again at the next refresh.
   */
  onChange(listener: TopicListener): void {
    this.listeners.push(listener);
    this.isTold = false;
  }

  find(name: string): TopicDefinition | undefined {
    return this.topics.get(name);
  }

  /** As `find`, but before there is none, the catalog is looked at: another process may have just made it. */
  async lookUp(name: string): Promise<TopicDefinition | undefined> {
    const known = this.find(name);
    if (known !== undefined) return known;
    await this.look();
    return this.find(name);
  }

  /**
   * Resolves when this process knows what was in the catalog at this call. Whoever asks meanwhile shares that look, and there
   * is one each 100 ms at most, whatever callers ask for.
   */
  look(): Promise<void> {
    return (this.looking ??= this.lookSoon());
  }

  list(): readonly TopicDefinition[] {
    return [...this.topics.values()];
  }

  /** Makes sure that these exist, in the catalog and in the broker, and begins to follow the catalog. */
  async start(wanted: readonly NewTopic[]): Promise<void> {
    const known = new Set((await this.deps.catalog.list()).map((topic) => topic.name));
    for (const topic of wanted) {
      if (known.has(topic.name)) continue;
      await this.deps.catalog.create(topic).catch(ignoreExisting);
    }
    await this.refresh();
    for (const { name } of wanted) this.requireMatched(name);
    this.schedule();
  }

  /**
   * Resolves when this process publishes to it and streams from it; if the broker fails then, it streams from it later.
   * `request.invalid` for a topic of others of which the broker has another number of partitions.
   */
  create(topic: NewTopic): Promise<TopicDefinition> {
    parseRetentionPolicy(topic.retentionPolicy);
    return this.inTurn(async () => {
      const { catalog } = this.deps;
      if (topic.origin === 'external') await this.refuseOtherPartitions(topic);
      const created = await catalog.create(topic, (row) => this.removeFromBroker(row));
      await this.follow();
      this.requireMatched(topic.name);
      return created;
    });
  }

  /** What `check` throws is thrown, and nothing is changed. */
  change(name: string, change: TopicChange, check?: TopicCheck): Promise<TopicDefinition> {
    if (change.retentionPolicy !== undefined) parseRetentionPolicy(change.retentionPolicy);
    return this.inTurn(async () => {
      const changed = await this.deps.catalog.change(name, change, check);
      await this.follow();
      this.requireMatched(name);
      return changed;
    });
  }

  /** With all its events, unless others write them. What `check` throws is thrown, and nothing is deleted. */
  delete(name: string, check?: TopicCheck): Promise<void> {
    return this.inTurn(async () => {
      const { catalog } = this.deps;
      let deleted: TopicDefinition | undefined;
      await catalog.delete(name, (present) => {
        check?.(present);
        deleted = present;
      });
      if (deleted !== undefined) await this.removeLeftOver(deleted);
      await this.follow();
    });
  }

  refresh(): Promise<void> {
    return this.inTurn(async () => {
      if (await this.follow()) return;
      if (this.unmatched.size > 0) await this.matchBroker(this.list());
      if (!this.isTold) await this.tell();
    });
  }

  /** What this process does to the catalog and to the broker happens one after another, so that none undoes another. */
  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  /** Another process may have created a topic of that name anew: its events stay. */
  private removeLeftOver(deleted: TopicDefinition): Promise<void> {
    const { catalog } = this.deps;
    return catalog.undisturbed(async () => {
      const isTaken = (await catalog.list()).some(({ brokerName }) => brokerName === deleted.brokerName);
      if (!isTaken) await this.removeFromBroker(deleted);
    });
  }

  /**
   * What a topic of that name left behind, whose deletion was interrupted or is not done yet: a new one must not begin with
   * its events.
   */
  private async removeFromBroker({ origin, brokerName }: NewTopic): Promise<void> {
    const { log } = this.deps;
    if (origin !== 'ingested') return;
    if ((await log.listTopics()).some((topic) => topic.name === brokerName)) {
      await log.deleteTopic(brokerName).catch(ignoreMissing);
    }
  }

  /** Lanes that the broker does not have could not be read, nor lanes that the row does not tell of. */
  private async refuseOtherPartitions({ brokerName, partitions }: NewTopic): Promise<void> {
    const lanes = (await this.deps.log.ends(brokerName).catch(ignoreMissing))?.length ?? partitions;
    if (lanes === partitions) return;
    throw invalidRequest([{ path: 'partitions', rule: `must be ${lanes}: so many has ${brokerName} in the broker` }]);
  }

  /** Nobody joins it once it has begun, so that each sees what was there when they asked. */
  private async lookSoon(): Promise<void> {
    const { clock } = this.deps;
    const waitMs = this.lastLookMs + LOOK_EVERY_MS - clock.monotonicMs();
    await (waitMs > 0 ? new Promise<void>((resolve) => clock.after(waitMs, resolve)) : undefined);
    this.looking = undefined;
    this.lastLookMs = clock.monotonicMs();
    await this.inTurn(() => this.follow());
  }

  /** False: nothing has changed. */
  private async follow(): Promise<boolean> {
    const version = await this.deps.catalog.version();
    if (version === this.seenVersion) return false;
    const topics = await this.deps.catalog.list();
    await this.matchBroker(topics);
    this.topics = new Map(topics.map((topic) => [topic.name, topic]));
    this.seenVersion = version;
    await this.tell();
    return true;
  }

  private async tell(): Promise<void> {
    const topics = this.list();
    this.isTold = true;
    for (const listener of this.listeners) {
      try {
        await listener(topics);
      } catch (error) {
        this.isTold = false;
        this.deps.onError(error);
      }
    }
    // Only then: who goes on from a version has nothing to look for in the topics before it.
    if (this.isTold) this.toldVersion = this.seenVersion;
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  private async matchBroker(topics: readonly TopicDefinition[]): Promise<void> {
    const { log } = this.deps;
    const existing = new Map((await log.listTopics()).map((topic): [string, LogTopic] => [topic.name, topic]));
    const unmatched = new Map<string, unknown>();
    await someAtATime(MATCHED_AT_ONCE, topics, (topic) =>
      this.matchOne(topic, existing.get(topic.brokerName)).catch((error: unknown) => {
        unmatched.set(topic.name, error);
      }),
    );
    for (const [name, cause] of unmatched) {
      // Told once, not at each try.
      if (this.unmatched.has(name)) continue;
      this.deps.onError(new Error(`the broker could not be given ${name} as the catalog has it`, { cause }));
    }
    this.unmatched = unmatched;
    this.unmatchedGauge.set(unmatched.size);
  }

  private async matchOne({ brokerName, partitions, retentionPolicy }: TopicDefinition, found: LogTopic | undefined) {
    const { log } = this.deps;
    const retention = parseRetentionPolicy(retentionPolicy);
    if (found === undefined) {
      await log.createTopic(brokerName, partitions, retention).catch(ignoreExisting);
    } else if (found.retention.ms !== retention.ms || found.retention.bytes !== retention.bytes) {
      await log.setRetention(brokerName, retention);
    }
  }

  /** Whoever made or changed it is told why it is not so in the broker. */
  private requireMatched(name: string): void {
    if (this.unmatched.has(name)) throw this.unmatched.get(name);
  }

  private schedule(): void {
    this.cancel = this.deps.clock.after(this.deps.refreshMs ?? REFRESH_MS, () => {
      this.refresh()
        .catch(this.deps.onError)
        .finally(() => {
          if (!this.isStopped) this.schedule();
        });
    });
  }
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof DistributionError) || error.code !== 'topic.not_found') throw error;
}

/** Another process was faster. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof DistributionError) || error.code !== 'topic.exists') throw error;
}
