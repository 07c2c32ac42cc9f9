import { DistributionError } from '../errors/distribution-error.js';
import type { Clock } from '../ports/clock.port.js';
import type {
  NewTopic,
  TopicCatalog,
  TopicChange,
  TopicCheck,
  TopicDefinition,
  TopicStep,
} from '../ports/topic-catalog.port.js';

/** Keeps topics for as long as it lives. */
export class InMemoryTopicCatalog implements TopicCatalog {
  private readonly topics = new Map<string, TopicDefinition>();
  private changes = 0;
  private last: Promise<unknown> = Promise.resolve();

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

  create(topic: NewTopic, step?: TopicStep): Promise<TopicDefinition> {
    return this.inTurn(async () => {
      if (this.topics.has(topic.name))
        throw new DistributionError('topic.exists', `there is a topic ${topic.name} already`);
      const created = { ...topic, catalogVersion: this.changes + 1, createdAtMicros: this.options.clock.nowMicros() };
      await step?.(created);
      this.changes++;
      this.topics.set(topic.name, created);
      return created;
    });
  }

  change(name: string, change: TopicChange, check: TopicCheck = () => undefined): Promise<TopicDefinition> {
    return this.inTurn(async () => {
      const present = this.required(name);
      check(present);
      const changed = { ...present, ...change };
      this.changes++;
      this.topics.set(name, changed);
      return Promise.resolve(changed);
    });
  }

  delete(name: string, check: TopicCheck = () => undefined): Promise<void> {
    return this.inTurn(async () => {
      check(this.required(name));
      this.changes++;
      this.topics.delete(name);
      return Promise.resolve();
    });
  }

  undisturbed(work: () => Promise<void>): Promise<void> {
    return this.inTurn(work);
  }

  private inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.last.then(work);
    this.last = result.catch(() => undefined);
    return result;
  }

  private required(name: string): TopicDefinition {
    const topic = this.topics.get(name);
    if (topic === undefined) throw new DistributionError('topic.not_found', `no topic ${name}`);
    return topic;
  }
}
