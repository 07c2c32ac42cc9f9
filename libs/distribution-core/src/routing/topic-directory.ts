import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { Log, LogTopic } from '../ports/log.port.js';
import type { NewTopic, TopicCatalog, TopicDefinition } from '../ports/topic-catalog.port.js';
import { parseRetentionPolicy } from './retention-policy.js';

export interface TopicDirectoryDependencies {
  readonly catalog: TopicCatalog;
  readonly log: Log;
  readonly clock: Clock;
  /** Another process's changes are seen after this. */
  readonly refreshMs?: number;
  readonly onError: (error: unknown) => void;
}

const REFRESH_MS = 1_000;

/**
 * The catalog as this process knows it: answers at once, follows the catalog's version, and keeps the broker's topics
 * in step with the rows. While the catalog cannot be reached, what was known last stays valid.
 */
export class TopicDirectory {
  private topics = new Map<string, TopicDefinition>();
  private knownVersion = -1;
  private cancel: () => void = () => undefined;
  private isStopped = false;
  onChange: (topics: readonly TopicDefinition[]) => Promise<void> | void = () => undefined;

  constructor(private readonly deps: TopicDirectoryDependencies) {}

  get version(): number {
    return this.knownVersion;
  }

  find(name: string): TopicDefinition | undefined {
    return this.topics.get(name);
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
    this.schedule();
  }

  async create(topic: NewTopic): Promise<TopicDefinition> {
    parseRetentionPolicy(topic.retentionPolicy);
    const created = await this.deps.catalog.create(topic);
    await this.refresh();
    return created;
  }

  async refresh(): Promise<void> {
    const version = await this.deps.catalog.version();
    if (version === this.knownVersion) return;
    const topics = await this.deps.catalog.list();
    await this.matchBroker(topics);
    this.topics = new Map(topics.map((topic) => [topic.name, topic]));
    this.knownVersion = version;
    await this.onChange(topics);
  }

  stop(): void {
    this.isStopped = true;
    this.cancel();
  }

  private async matchBroker(topics: readonly TopicDefinition[]): Promise<void> {
    const { log } = this.deps;
    const existing = new Map((await log.listTopics()).map((topic): [string, LogTopic] => [topic.name, topic]));
    for (const topic of topics) {
      const retention = parseRetentionPolicy(topic.retentionPolicy);
      const found = existing.get(topic.brokerName);
      if (found === undefined)
        await log.createTopic(topic.brokerName, topic.partitions, retention).catch(ignoreExisting);
      else if (found.retention.ms !== retention.ms || found.retention.bytes !== retention.bytes) {
        await log.setRetention(topic.brokerName, retention);
      }
    }
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

/** Another process was faster. */
function ignoreExisting(error: unknown): void {
  if (!(error instanceof DistributionError) || error.code !== 'topic.exists') throw error;
}
