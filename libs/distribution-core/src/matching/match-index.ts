import type { EventBatch } from '../event-batch.js';
import type { Selection } from '../subscription/subscription.js';
import { BatchView } from './batch-view.js';
import { CompiledSelection } from './compiled-selection.js';
import { PatternTrie } from './pattern-trie.js';
import { isMarked, levelsOf, ONE_LEVEL } from './topic-pattern.js';
import { TopicPlan, type VisitMatches } from './topic-plan.js';

export { compileSelection, EntryMatcher } from './entry-matcher.js';
export type { VisitMatches } from './topic-plan.js';

export interface MatchEntry {
  readonly id: number;
  readonly selection: Selection;
}

interface IndexedEntry {
  readonly id: number;
  readonly compiled: CompiledSelection;
}

/** Entries in all plans together; beyond it the plans that were not used for longest go, and are made again if asked for. */
const MAX_PLANNED_ENTRIES = 500_000;

/**
 * Which entries want which events of a batch, for all entries at once: the cost of an event grows with the entries
 * that want it, or nearly do, and not with all that there are. Topic trie → plan of the topic → the batch's own
 * dictionaries → residual conditions. Must equal the oracle in `matcher.ts`.
 *
 * Entries may come and go between two calls of `match`, never while it visits.
 */
export class MatchIndex {
  private readonly view = new BatchView();
  private readonly entries = new Map<number, IndexedEntry>();
  private readonly trie = new PatternTrie<IndexedEntry>(ONE_LEVEL, isMarked);
  /** In the order of their last use, oldest first. */
  private readonly plans = new Map<string, TopicPlan>();
  private plannedEntries = 0;

  constructor(private readonly maxPlannedEntries = MAX_PLANNED_ENTRIES) {}

  get size(): number {
    return this.entries.size;
  }

  get planCount(): number {
    return this.plans.size;
  }

  /** Replaces an entry of the same id. `request.invalid` if a pattern is not one. */
  add(entry: MatchEntry): void {
    const compiled = new CompiledSelection(entry.selection, this.view);
    this.remove(entry.id);
    const indexed: IndexedEntry = { id: entry.id, compiled };
    this.entries.set(entry.id, indexed);
    for (const { levels } of compiled.topicPatterns) this.trie.add(levels, indexed);
    for (const plan of this.plans.values()) {
      if (!compiled.matchesTopic(plan.topic)) continue;
      plan.add(entry.id, compiled);
      this.plannedEntries++;
    }
  }

  remove(id: number): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.entries.delete(id);
    for (const { levels } of entry.compiled.topicPatterns) this.trie.remove(levels, entry);
    for (const plan of this.plans.values()) {
      this.plannedEntries -= plan.size;
      plan.remove(id);
      this.plannedEntries += plan.size;
    }
    entry.compiled.release();
  }

  /** Ids of the entries whose topic patterns match, whatever else they ask for. */
  entriesOf(topic: string): readonly number[] {
    return this.matchingTopic(topic).map(({ id }) => id);
  }

  /**
   * Calls `visit` once per entry that wants at least one event of those that `skip` does not mark. `indexes` are
   * ascending, the first `count` of a scratch array that is good only during the call; undefined if the entry wants
   * all of them.
   */
  match(topic: string, batch: EventBatch, skip: Uint8Array | undefined, visit: VisitMatches): void {
    const plan = this.planOf(topic);
    if (plan.size === 0) return;
    this.view.bind(topic, batch, skip, 0);
    try {
      plan.match(visit);
    } finally {
      this.view.release();
    }
  }

  private planOf(topic: string): TopicPlan {
    let plan = this.plans.get(topic);
    if (plan === undefined) {
      plan = new TopicPlan(topic, this.view);
      for (const { id, compiled } of this.matchingTopic(topic)) plan.add(id, compiled);
      // An empty plan counts as one entry, or there might be any number of them.
      this.plannedEntries += plan.size;
    } else {
      this.plans.delete(topic);
    }
    this.plans.set(topic, plan);
    this.dropUnusedPlans();
    return plan;
  }

  private dropUnusedPlans(): void {
    for (const [topic, plan] of this.plans) {
      if (this.plannedEntries + this.plans.size <= this.maxPlannedEntries || this.plans.size === 1) return;
      this.plans.delete(topic);
      this.plannedEntries -= plan.size;
      plan.release();
    }
  }

  private matchingTopic(topic: string): IndexedEntry[] {
    const found = new Set<IndexedEntry>();
    this.trie.collect(levelsOf(topic), (entry) => found.add(entry));
    return [...found];
  }
}
