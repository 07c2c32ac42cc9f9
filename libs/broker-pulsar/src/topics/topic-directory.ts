import type { Clock } from '@distributary/distribution-core';
import { topicNotFound } from '../pulsar.errors.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { PulsarNames } from './pulsar-names.js';
import { type PulsarTopic, topicOf } from './pulsar-topic.js';

interface Known {
  readonly topic: PulsarTopic | undefined;
  readonly askedMs: number;
}

/** Beyond, what was asked longest ago is forgotten. */
const MAX_KNOWN = 10_000;

/** What bears which name now. Looks under way are shared. */
export class TopicDirectory {
  private readonly known = new Map<string, Known>();
  private readonly asking = new Map<string, Promise<PulsarTopic | undefined>>();

  constructor(
    private readonly web: PulsarWeb,
    private readonly names: PulsarNames,
    private readonly clock: Clock,
  ) {}

  /** As it was known no longer ago than that; `topic.not_found` if nothing bears the name. */
  async topic(name: string, maxAgeMs: number): Promise<PulsarTopic> {
    const topic = await this.find(name, maxAgeMs);
    if (topic === undefined) throw topicNotFound(name);
    return topic;
  }

  async find(name: string, maxAgeMs: number): Promise<PulsarTopic | undefined> {
    const known = this.known.get(name);
    if (known?.topic !== undefined && this.clock.monotonicMs() - known.askedMs <= maxAgeMs) return known.topic;
    // A look that is under way may have seen what was before: only those who may be content with it share it.
    const asking = maxAgeMs > 0 ? this.asking.get(name) : undefined;
    return asking ?? this.look(name);
  }

  /** What was seen last, without a look; undefined if it was seen to be gone, or never. */
  lastSeen(name: string): PulsarTopic | undefined {
    return this.known.get(name)?.topic;
  }

  /** As far as was seen: another look may be worth it where nothing was. */
  hasSeenEnd(name: string, epoch: string): boolean {
    const known = this.known.get(name);
    return known !== undefined && known.topic?.epoch !== epoch;
  }

  gone(name: string): void {
    this.set(name, undefined, this.clock.monotonicMs());
  }

  private look(name: string): Promise<PulsarTopic | undefined> {
    const askedMs = this.clock.monotonicMs();
    const asking = this.web.find(`${this.names.topic(name)}/partitions`).then((answer) => {
      const topic = answer === undefined ? undefined : topicOf(name, answer);
      if ((this.known.get(name)?.askedMs ?? -1) <= askedMs) this.set(name, topic, askedMs);
      return topic;
    });
    this.asking.set(name, asking);
    const forget = () => {
      if (this.asking.get(name) === asking) this.asking.delete(name);
    };
    asking.then(forget, forget);
    return asking;
  }

  private set(name: string, topic: PulsarTopic | undefined, askedMs: number): void {
    this.known.delete(name);
    this.known.set(name, { topic, askedMs });
    if (this.known.size <= MAX_KNOWN) return;
    const [oldest] = this.known.keys();
    this.known.delete(oldest);
  }
}
