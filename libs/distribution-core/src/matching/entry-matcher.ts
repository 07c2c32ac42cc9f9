import type { EventRecord } from '../event.js';
import type { EventBatch } from '../event-batch.js';
import type { Selection } from '../subscription/subscription.js';
import { BatchView } from './batch-view.js';
import { CompiledSelection } from './compiled-selection.js';
import { evaluateFilter, recordReader } from './matcher.js';
import { isFor, TargetGate, TARGETS_ATTRIBUTE } from './target-gate.js';

/** One selection, compiled: picks what the match index would pick for it. */
export class EntryMatcher {
  private readonly view = new BatchView();
  private readonly compiled: CompiledSelection;
  private readonly gate = new TargetGate();

  /** `request.invalid` if a pattern is not one. */
  constructor(private readonly selection: Selection) {
    this.compiled = new CompiledSelection(selection, this.view);
  }

  matchesTopic(topic: string): boolean {
    return this.compiled.matchesTopic(topic);
  }

  /**
   * Writes the matching indexes of [fromIndex, batch.count), ascending and without those that `skip` marks, and returns
   * how many. `out` must have room for as many events as there are.
   */
  match(topic: string, batch: EventBatch, skip: Uint8Array | undefined, fromIndex: number, out: Uint32Array): number {
    const { view, compiled } = this;
    if (!compiled.matchesTopic(topic)) return 0;
    view.bind(topic, batch, skip, fromIndex);
    let count = view.liveCount;
    for (let at = 0; at < count; at++) out[at] = view.live[at];
    for (const { predicate } of compiled.conjuncts) {
      if (count === 0) break;
      count = predicate.refine(view, out, count);
    }
    if (count > 0 && this.gate.bind(batch)) count = this.gate.refine(compiled.subscriber, out, count);
    this.gate.release();
    view.release();
    return count;
  }

  /** The same for an event that is not in a batch, whose topic is known to match. */
  matchesRecord(topic: string, record: EventRecord): boolean {
    if (!isFor(record.attributes[TARGETS_ATTRIBUTE], this.selection.subscriber)) return false;
    for (const conjunct of this.compiled.conjuncts) {
      if (conjunct.kind === 'keys' && !conjunct.patterns.some((pattern) => pattern.matches(record.routingKey))) {
        return false;
      }
    }
    const { filter } = this.selection;
    return filter === undefined || evaluateFilter(filter, recordReader(topic, record));
  }
}

export function compileSelection(selection: Selection): EntryMatcher {
  return new EntryMatcher(selection);
}
