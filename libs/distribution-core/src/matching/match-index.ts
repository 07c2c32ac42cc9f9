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

export interface MatchEntry {
  readonly id: number;
  readonly selection: Selection;
}

interface IndexedEntry {
  readonly group: EntryGroup;
  /** Place of its id in the group. */
  place: number;
}

/** Groups of entries in all plans together; beyond it the plans that were not used for longest go, and are made again if asked for. */
const MAX_PLANNED_ENTRIES = 500_000;

/**
 * Which entries want which events of a batch, for all entries at once: the cost of an event grows with the entries
 * that want it, or nearly do, and not with all that there are. Topic trie → plan of the topic → the batch's own
 * dictionaries → residual conditions. Entries that select the same are one group, matched once. Must equal the oracle in
 * `matcher.ts`.
 *
 * Entries may come and go between two calls of `match`, never while it visits.
 */
export class MatchIndex {
  private readonly view = new BatchView();
  private readonly entries = new Map<number, IndexedEntry>();
  private readonly groups = new Map<string, EntryGroup>();
  private readonly trie = new PatternTrie<EntryGroup>(ONE_LEVEL, isMarked);
  /** Oldest first: by their last use once there are half as many as may be, by their making before. */
  private readonly plans = new Map<string, TopicPlan>();
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

  /** Replaces an entry of the same id. `request.invalid` if a pattern is not one. */
  add({ id, selection }: MatchEntry): void {
    const key = canonicalSelection(selection);
    const known = this.groups.get(key);
    const compiled = known?.compiled ?? new CompiledSelection(selection, this.view);
    this.remove(id);
    // Removing may have ended the group.
    const group = this.groups.get(key) ?? this.newGroup(key, known === undefined ? compiled : undefined, selection);
    this.entries.set(id, { group, place: group.ids.push(id) - 1 });
  }

  remove(id: number): void {
    const entry = this.entries.get(id);
    if (entry === undefined) return;
    this.entries.delete(id);
    const { group, place } = entry;
    const last = group.ids.pop() as number;
    if (last !== id) {
      group.ids[place] = last;
      (this.entries.get(last) as IndexedEntry).place = place;
    }
    if (group.ids.length === 0) this.endGroup(group);
  }

  /** Ids of the entries whose topic patterns match, whatever else they ask for. */
  entriesOf(topic: string): readonly number[] {
    return this.matchingTopic(topic).flatMap(({ ids }) => ids);
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
      plan.match(visit, this.isGated && this.gate.bind(batch) ? this.gate : undefined);
    } finally {
      this.gate.release();
      this.view.release();
    }
  }

  private planOf(topic: string): TopicPlan {
    let plan = this.plans.get(topic);
    // Far from the limit nothing goes, so their order is not worth keeping.
    if (plan !== undefined && this.plannedEntries + this.plans.size < this.maxPlannedEntries / 2) return plan;
    if (plan === undefined) {
      plan = new TopicPlan(topic, this.view);
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

  private newGroup(key: string, compiled: CompiledSelection | undefined, selection: Selection): EntryGroup {
    const group = { key, ids: [], compiled: compiled ?? new CompiledSelection(selection, this.view) };
    this.groups.set(key, group);
    for (const { levels } of group.compiled.topicPatterns) this.trie.add(levels, group);
    for (const plan of this.plans.values()) {
      if (!group.compiled.matchesTopic(plan.topic)) continue;
      plan.add(group);
      this.plannedEntries++;
    }
    return group;
  }

  private endGroup(group: EntryGroup): void {
    this.groups.delete(group.key);
    for (const { levels } of group.compiled.topicPatterns) this.trie.remove(levels, group);
    for (const plan of this.plans.values()) if (plan.remove(group)) this.plannedEntries--;
    group.compiled.release();
  }

  private matchingTopic(topic: string): EntryGroup[] {
    const found = new Set<EntryGroup>();
    this.trie.collect(levelsOf(topic), (group) => found.add(group));
    return [...found];
  }
}
