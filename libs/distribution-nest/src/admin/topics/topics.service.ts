import {
  newTopicSchema,
  type Page,
  pageOf,
  pageQuerySchema,
  topicChangeSchema,
  type TopicStatsView,
  type TopicView,
} from '@distributary/contracts';
import type {
  LaneStatistics,
  Log,
  Precondition,
  Principal,
  ResourceVersion,
  TopicAdmin,
  TopicDefinition,
} from '@distributary/distribution-core';
import { topicVersion, unqualified } from '@distributary/distribution-core';
import { auditBefore } from '../../audit/audit-context.js';
import { parseWith } from '../../doors/stream-commands.js';
import { topicChangeOf, topicRequestOf, topicStatsView, topicView } from './topic-view.js';

/** What the lanes of a topic hold, and as of when. Rejects as the log does. */
export interface TopicFigures {
  of(topic: TopicDefinition): Promise<{ readonly lanes: readonly LaneStatistics[]; readonly atMicros: number }>;
}

export interface TopicsDependencies {
  readonly topics: TopicAdmin;
  readonly figures: TopicFigures;
  readonly log: Log;
}

/** One resource, and which state of it this is. */
export interface Versioned<View> {
  readonly view: View;
  readonly version: ResourceVersion;
}

/** What the doors offer of topics: requests as they come in, answers as they go out. Failure: see {@link TopicAdmin}. */
export class TopicsService {
  constructor(private readonly deps: TopicsDependencies) {}

  async list(principal: Principal, query: unknown): Promise<Page<TopicView>> {
    const page = pageOf(
      this.deps.topics.list(principal),
      ({ name }) => unqualified(name),
      parseWith(pageQuerySchema, query),
    );
    return { ...page, items: await Promise.all(page.items.map((topic) => this.viewOf(topic))) };
  }

  async get(principal: Principal, name: string): Promise<Versioned<TopicView>> {
    return this.versioned(await this.deps.topics.get(principal, name));
  }

  async create(principal: Principal, input: unknown): Promise<Versioned<TopicView>> {
    const request = topicRequestOf(parseWith(newTopicSchema, input));
    return this.versioned(await this.deps.topics.create(principal, request));
  }

  async change(
    principal: Principal,
    name: string,
    input: unknown,
    precondition?: Precondition,
  ): Promise<Versioned<TopicView>> {
    const change = topicChangeOf(parseWith(topicChangeSchema, input));
    await this.tellBefore(principal, name);
    return this.versioned(await this.deps.topics.change(principal, name, change, precondition));
  }

  async delete(principal: Principal, name: string, force: boolean, precondition?: Precondition): Promise<void> {
    await this.tellBefore(principal, name);
    return this.deps.topics.delete(principal, name, { force, precondition });
  }

  async stats(principal: Principal, name: string): Promise<TopicStatsView> {
    const topic = await this.deps.topics.get(principal, name);
    const { lanes, atMicros } = await this.deps.figures.of(topic);
    return topicStatsView(topic, lanes, atMicros);
  }

  /** For the audit log; what it cannot have is the act's own matter to refuse. */
  private async tellBefore(principal: Principal, name: string): Promise<void> {
    try {
      auditBefore(await this.viewOf(await this.deps.topics.get(principal, name)));
    } catch {
      // The entry has no `before` then.
    }
  }

  private async versioned(topic: TopicDefinition): Promise<Versioned<TopicView>> {
    return { view: await this.viewOf(topic), version: topicVersion(topic) };
  }

  private async viewOf(topic: TopicDefinition): Promise<TopicView> {
    return topicView(topic, await this.deps.log.ends(topic.brokerName));
  }
}
