import type { EventBatch } from '../event-batch.js';
import type { Selection } from '../subscription/subscription.js';
import { BatchView } from './batch-view.js';
import { canonicalSelection } from './canonical-filter.js';
import { CompiledSelection } from './compiled-selection.js';
import { PatternTrie } from './pattern-trie.js';
import { isMarked, levelsOf, ONE_LEVEL } from './topic-pattern.js';
import { TargetGate } from './target-gate.js';
import { type EntryGroup, TopicPlan, type VisitMatches } from './topic-plan.js';

export { compileSelection, EntryMatcher } from './entry-matcher.js';
export type { VisitMatches } from './topic-plan.js';

interface IndexedEntry<T> {
  readonly group: EntryGroup<T>;
  /** Its place in the group. */
  place: number;
}

/** Groups of entries in all plans together; beyond it the plans that were not used for longest go, and are made again if asked for. */
const MAX_PLANNED_ENTRIES = 500_000;

/**
 * Which entries (whatever they are: each is what it is called by) want which events of a batch, for all entries at once: the cost of an event grows with the entries
 * that want it, or nearly do, and not with all that there are. Topic trie → plan of the topic → the batch's own
 * dictionaries → residual conditions. Entries that select the same are one group, matched once. Must equal the oracle in
 * `matcher.ts`.
 *
 * Entries may come and go between two calls of `match`, never while it visits.
 */
export class MatchIndex<T = number> {
  private readonly view = new BatchView();
  private readonly entries = new Map<T, IndexedEntry<T>>();
  private readonly groups = new Map<string, EntryGroup<T>>();
  private readonly trie = new PatternTrie<EntryGroup<T>>(ONE_LEVEL, isMarked);
  /** Oldest first: by their last use once there are half as many as may be, by their making before. */
  private readonly plans = new Map<string, TopicPlan<T>>();
  private plannedEntries = 0;
  private readonly gate = new TargetGate();

  constructor(
    private readonly maxPlannedEntries = MAX_PLANNED_ENTRIES,
    /** Whether entries are subscriptions, which do not get what is for others. Rules look at everything. */
    private readonly isGated = true,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  get planCount(): number {
    return this.plans.size;
  }

  /** What it selected before is replaced. `request.invalid` if a pattern is not one. */
  add(entry: T, selection: Selection): void {
    const key = canonicalSelection(selection);
    const known = this.groups.get(key);
    const compiled = known?.compiled ?? new CompiledSelection(selection, this.view);
    this.remove(entry);
    // Removing may have ended the group.
    const group = this.groups.get(key) ?? this.newGroup(key, known === undefined ? compiled : undefined, selection);
    this.entries.set(entry, { group, place: group.entries.push(entry) - 1 });
  }

  remove(entry: T): void {
    const indexed = this.entries.get(entry);
    if (indexed === undefined) return;
    this.entries.delete(entry);
    const { group, place } = indexed;
    const last = group.entries.pop() as T;
    if (last !== entry) {
      group.entries[place] = last;
      (this.entries.get(last) as IndexedEntry<T>).place = place;
    }
    if (group.entries.length === 0) this.endGroup(group);
  }

  /** Those whose topic patterns match, whatever else they ask for. */
  entriesOf(topic: string): readonly T[] {
    return this.matchingTopic(topic).flatMap(({ entries }) => entries);
  }

  /**
   * Calls `visit` once per entry that wants at least one event of those that `skip` does not mark. `indexes` are
   * ascending, the first `count` of a scratch array that is good only during the call; undefined if the entry wants
   * all of them.
   */
  match(topic: string, batch: EventBatch, skip: Uint8Array | undefined, visit: VisitMatches<T>): void {
    const plan = this.planOf(topic);
    if (plan.size === 0) return;
    this.view.bind(topic, batch, skip, 0);
    try {
      plan.match(visit, this.isGated && this.gate.bind(batch) ? this.gate : undefined);
    } finally {
      this.gate.release();
      this.view.release();
    }
  }

  private planOf(topic: string): TopicPlan<T> {
    let plan = this.plans.get(topic);
    // Far from the limit nothing goes, so their order is not worth keeping.
    if (plan !== undefined && this.plannedEntries + this.plans.size < this.maxPlannedEntries / 2) return plan;
    if (plan === undefined) {
      plan = new TopicPlan<T>(topic, this.view);
      for (const group of this.matchingTopic(topic)) plan.add(group);
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

  private newGroup(key: string, compiled: CompiledSelection | undefined, selection: Selection): EntryGroup<T> {
    const group: EntryGroup<T> = {
      key,
      entries: [],
      compiled: compiled ?? new CompiledSelection(selection, this.view),
    };
    this.groups.set(key, group);
    for (const { levels } of group.compiled.topicPatterns) this.trie.add(levels, group);
    for (const plan of this.plans.values()) {
      if (!group.compiled.matchesTopic(plan.topic)) continue;
      plan.add(group);
      this.plannedEntries++;
    }
    return group;
  }

  private endGroup(group: EntryGroup<T>): void {
    this.groups.delete(group.key);
    for (const { levels } of group.compiled.topicPatterns) this.trie.remove(levels, group);
    for (const plan of this.plans.values()) if (plan.remove(group)) this.plannedEntries--;
    group.compiled.release();
  }

  private matchingTopic(topic: string): EntryGroup<T>[] {
    const found = new Set<EntryGroup<T>>();
    this.trie.collect(levelsOf(topic), (group) => found.add(group));
    return [...found];
  }
}
