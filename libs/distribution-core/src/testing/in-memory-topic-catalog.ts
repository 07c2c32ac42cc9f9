import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type { NewTopic, TopicCatalog, TopicChange, TopicCheck, TopicDefinition } from '../ports/topic-catalog.port.js';

/** Keeps topics for as long as it lives. */
export class InMemoryTopicCatalog implements TopicCatalog {
  private readonly topics = new Map<string, TopicDefinition>();
  private changes = 0;

  constructor(private readonly options: { readonly clock: Clock }) {}

  async version(): Promise<number> {
    return this.changes;
  }

  async list(): Promise<readonly TopicDefinition[]> {
    return [...this.topics.values()];
  }

  async find(name: string): Promise<TopicDefinition | undefined> {
    return this.topics.get(name);
  }

  async create(topic: NewTopic): Promise<TopicDefinition> {
    if (this.topics.has(topic.name))
      throw new DistributionError('topic.exists', `there is a topic ${topic.name} already`);
    const created = { ...topic, catalogVersion: ++this.changes, createdAtMicros: this.options.clock.nowMicros() };
    this.topics.set(topic.name, created);
    return created;
  }

  async change(name: string, change: TopicChange, check: TopicCheck = () => undefined): Promise<TopicDefinition> {
    const present = this.required(name);
    check(present);
    const changed = { ...present, ...change };
    this.changes++;
    this.topics.set(name, changed);
    return changed;
  }

  async delete(name: string, check: TopicCheck = () => undefined): Promise<void> {
    check(this.required(name));
    this.changes++;
    this.topics.delete(name);
  }

  private required(name: string): TopicDefinition {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new DistributionError('topic.not_found', `no topic ${name}`);
    return topic;
  }
}
