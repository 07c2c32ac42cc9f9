import { type Access, accessOf, type AccessPoint, type Score } from './access.js';
import { AttributeIndex } from './attribute-index.js';
import type { BatchView } from './batch-view.js';
import type { CompiledSelection, Conjunct } from './compiled-selection.js';
import { HitList } from './hit-list.js';
import { EqualPredicate, type Predicate } from './predicate.js';
import type { SecondValue } from './value-postings.js';
import type { TargetGate } from './target-gate.js';

export type VisitMatches<T> = (entry: T, indexes: Uint32Array | undefined, count: number) => void;

/** Entries that select the same. */
export interface EntryGroup<T> {
  readonly key: string;
  readonly entries: T[];
  readonly compiled: CompiledSelection;
}

interface PlannedEntry<T> {
  /** Of its group. */
  readonly entries: readonly T[];
  readonly compiled: CompiledSelection;
  readonly access: Access | undefined;
  /** An equality besides the one that it is filed under. */
  readonly second: SecondValue | undefined;
  /** What is left to be looked at in the events that were found. */
  readonly residual: readonly Predicate[];
  /** All of it, for events that were not found but listed. */
  readonly all: readonly Predicate[];
  /** While a batch is matched: the newest of its hits, -1 if none, and how many events they hold. */
  hit: number;
  hitEvents: number;
}

/**
 * How the events of one topic find the entries that may want them. Each entry is filed under the one of its conditions
 * that promises the fewest vain look-ups: an event looks up its values, once per distinct value and batch, and only the
 * entries found there look at it further. Entries without any condition, and those that no index can file, are lists.
 */
export class TopicPlan<T> {
  private readonly entries = new Map<EntryGroup<T>, PlannedEntry<T>>();
  private readonly unconditional = new Set<PlannedEntry<T>>();
  private readonly unfiled = new Set<PlannedEntry<T>>();
  private readonly indexes = new Map<string, AttributeIndex<PlannedEntry<T>>>();
  private readonly hits = new HitList();
  private readonly candidates: PlannedEntry<T>[] = [];
  private scratch = new Uint32Array(256);

  constructor(
    readonly topic: string,
    private readonly view: BatchView,
  ) {}

  get size(): number {
    return this.entries.size;
  }

  add(group: EntryGroup<T>): void {
    const { conjuncts } = group.compiled;
    const { access, filedBy } = this.bestAccess(conjuncts);
    const all = conjuncts.map(({ predicate }) => predicate);
    const residual =
      access?.isExact === true
        ? conjuncts.filter((conjunct) => conjunct !== filedBy).map(({ predicate }) => predicate)
        : all;
    const second = secondOf(conjuncts, filedBy);
    const { entries, compiled } = group;
    const entry: PlannedEntry<T> = { entries, compiled, access, second, residual, all, hit: -1, hitEvents: 0 };
    this.entries.set(group, entry);
    if (conjuncts.length === 0) this.unconditional.add(entry);
    else if (access === undefined) this.unfiled.add(entry);
    else for (const point of access.points) this.indexFor(point.attribute).add(point, entry, second);
  }

  /** Whether it was there. */
  remove(group: EntryGroup<T>): boolean {
    const entry = this.entries.get(group);
    if (entry === undefined) return false;
    this.entries.delete(group);
    this.unconditional.delete(entry);
    this.unfiled.delete(entry);
    for (const point of entry.access?.points ?? []) this.unfile(point, entry);
    return true;
  }

  /** Gives back the slots that its indexes took. */
  release(): void {
    for (const attribute of this.indexes.keys()) this.view.returnSlot(attribute);
    this.indexes.clear();
  }

  /** Over the batch that the view is bound to; `gate`, if the batch holds events that are not for everyone. */
  match(visit: VisitMatches<T>, gate?: TargetGate): void {
    const { view, unconditional, unfiled, candidates } = this;
    const { liveCount } = view;
    if (liveCount === 0) return;
    if (this.scratch.length < view.batch.count) this.scratch = new Uint32Array(view.batch.count * 2);
    for (const entry of unconditional) {
      if (gate === undefined) visitAll(entry.entries, undefined, liveCount, visit);
      else this.refine(entry, entry.all, this.copyLive(), visit, gate);
    }
    for (const entry of unfiled) this.refine(entry, entry.all, this.copyLive(), visit, gate);
    this.findCandidates();
    for (const entry of candidates) {
      // Hits of one column never share an event, those of several may: then the list of all events is the shorter way.
      if (entry.hitEvents > liveCount) this.refine(entry, entry.all, this.copyLive(), visit, gate);
      else this.refine(entry, entry.residual, this.hits.gather(view, entry.hit, this.scratch), visit, gate);
      entry.hit = -1;
      entry.hitEvents = 0;
    }
    candidates.length = 0;
    this.hits.clear();
  }

  private findCandidates(): void {
    const { view, hits, candidates } = this;
    for (const index of this.indexes.values()) {
      const { slot } = index;
      const column = slot.column(view);
      if (column === undefined) continue;
      const { dictionary } = column;
      let code = 0;
      let events = 0;
      const onHit = (entry: PlannedEntry<T>): void => {
        if (entry.hit < 0) candidates.push(entry);
        entry.hit = hits.push(slot, code, entry.hit);
        entry.hitEvents += events;
      };
      for (code = 1; code <= dictionary.length; code++) {
        events = slot.countOf(view, code);
        if (events > 0) index.find(view, code, dictionary[code - 1], onHit);
      }
    }
  }

  private copyLive(): number {
    const { live, liveCount } = this.view;
    for (let at = 0; at < liveCount; at++) this.scratch[at] = live[at];
    return liveCount;
  }

  private refine(
    entry: PlannedEntry<T>,
    predicates: readonly Predicate[],
    count: number,
    visit: VisitMatches<T>,
    gate: TargetGate | undefined,
  ): void {
    for (const predicate of predicates) {
      if (count === 0) return;
      count = predicate.refine(this.view, this.scratch, count);
    }
    if (gate !== undefined) count = gate.refine(entry.compiled.subscriber, this.scratch, count);
    if (count === 0) return;
    visitAll(entry.entries, count === this.view.liveCount ? undefined : this.scratch, count, visit);
  }

  private bestAccess(conjuncts: readonly Conjunct[]): { access?: Access; filedBy?: Conjunct } {
    const score: Score = (point, among) => this.indexes.get(point.attribute)?.score(point, among) ?? 1 / among;
    let chosen: { access?: Access; filedBy?: Conjunct } = {};
    for (const conjunct of conjuncts) {
      const access = accessOf(conjunct, score);
      if (access !== undefined && (chosen.access === undefined || access.score < chosen.access.score)) {
        chosen = { access, filedBy: conjunct };
      }
    }
    return chosen;
  }

  private indexFor(attribute: string): AttributeIndex<PlannedEntry<T>> {
    let index = this.indexes.get(attribute);
    if (index === undefined) {
      index = new AttributeIndex(this.view.takeSlot(attribute));
      this.indexes.set(attribute, index);
    }
    return index;
  }

  private unfile(point: AccessPoint, entry: PlannedEntry<T>): void {
    const index = this.indexes.get(point.attribute);
    if (index === undefined) return;
    index.remove(point, entry, entry.second);
    if (index.size > 0) return;
    this.indexes.delete(point.attribute);
    this.view.returnSlot(point.attribute);
  }
}

/** The first equality over a column that must hold as well. */
function secondOf(conjuncts: readonly Conjunct[], filedBy: Conjunct | undefined): SecondValue | undefined {
  for (const conjunct of conjuncts) {
    if (conjunct !== filedBy && conjunct.predicate instanceof EqualPredicate) return conjunct.predicate;
  }
  return undefined;
}

function visitAll<T>(
  entries: readonly T[],
  indexes: Uint32Array | undefined,
  count: number,
  visit: VisitMatches<T>,
): void {
  for (let at = 0; at < entries.length; at++) visit(entries[at], indexes, count);
}
