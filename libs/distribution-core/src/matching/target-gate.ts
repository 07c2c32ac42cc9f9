import type { AttributeValue } from '../event.js';
import type { Column, EventBatch } from '../event-batch.js';

/** Names of services, one per line, for whom the event is; absent: for everyone who selects it. */
export const TARGETS_ATTRIBUTE = 'target_subscribers';
const SEPARATOR = '\n';

/** Undefined for no names: an event that is for everyone has no such attribute. */
export function targetsText(names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : names.join(SEPARATOR);
}

export const targetsOf = (text: AttributeValue): readonly string[] => String(text).split(SEPARATOR);

/** `subscriber` is the service of a subscription; one that names none gets what is for everyone. */
export function isFor(targets: AttributeValue | undefined, subscriber: string | undefined): boolean {
  return targets === undefined || (subscriber !== undefined && targetsOf(targets).includes(subscriber));
}

/**
 * Keeps events from those they are not for. Most batches hold no event that is for somebody in particular: of those it
 * asks nothing but that. Elsewhere it decides once per subscriber, batch and distinct list of names.
 */
export class TargetGate {
  private column: Column | undefined;
  private readonly decided = new Map<string | undefined, Uint8Array>();

  /** Whether there is anything to decide; if so, until `release`. */
  bind(batch: EventBatch): boolean {
    this.column = batch.column(TARGETS_ATTRIBUTE);
    return this.column !== undefined;
  }

  /** Keeps, in place, those of the first `count` indexes that are for the subscriber; returns how many. */
  refine(subscriber: string | undefined, indexes: Uint32Array, count: number): number {
    const { index } = this.column as Column;
    const decided = this.decisionsFor(subscriber);
    let kept = 0;
    for (let at = 0; at < count; at++) if (decided[index[indexes[at]]] === 1) indexes[kept++] = indexes[at];
    return kept;
  }

  release(): void {
    if (this.column === undefined) return;
    this.column = undefined;
    this.decided.clear();
  }

  private decisionsFor(subscriber: string | undefined): Uint8Array {
    let decided = this.decided.get(subscriber);
    if (decided === undefined) {
      const { dictionary } = this.column as Column;
      decided = new Uint8Array(dictionary.length + 1);
      decided[0] = 1;
      for (let place = 0; place < dictionary.length; place++) {
        if (isFor(dictionary[place], subscriber)) decided[place + 1] = 1;
      }
      this.decided.set(subscriber, decided);
    }
    return decided;
  }
}
