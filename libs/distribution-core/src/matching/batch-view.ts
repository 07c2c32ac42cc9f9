import type { EventBatch } from '../event-batch.js';
import { AttributeSlot } from './attribute-slot.js';
import { PayloadReader } from './payload-reader.js';
import type { Predicate } from './predicate.js';

/**
 * The batch that is being matched and the events of it that count (`live`: neither skipped nor before the first index).
 * One per match index or matcher, bound to one batch after the other; nothing in it outlives a batch but its arrays.
 */
export class BatchView {
  readonly payloads = new PayloadReader();
  serial = 0;
  /** Moves whenever `live` may have changed. */
  liveSerial = 0;
  topic = '';
  /** Ascending; the first `liveCount` count. */
  live = new Uint32Array(0);
  liveCount = 0;
  private bound: EventBatch | undefined;
  private all = new Uint32Array(0);
  private some = new Uint32Array(0);
  private readonly slots = new Map<string, { readonly slot: AttributeSlot; users: number }>();
  private readonly predicates = new Map<string, { readonly predicate: Predicate; users: number }>();

  get batch(): EventBatch {
    return this.bound as EventBatch;
  }

  /** The slot of an attribute; each call is to be paired with one of {@link returnSlot}, unless the view goes too. */
  takeSlot(attribute: string): AttributeSlot {
    let entry = this.slots.get(attribute);
    if (entry === undefined) {
      entry = { slot: new AttributeSlot(attribute), users: 0 };
      this.slots.set(attribute, entry);
    }
    entry.users++;
    return entry.slot;
  }

  returnSlot(attribute: string): void {
    const entry = this.slots.get(attribute);
    if (entry !== undefined && --entry.users === 0) this.slots.delete(attribute);
  }

  /** One predicate for all selections that say the same of the attribute; each call is to be paired with a return. */
  takePredicate(key: string, attribute: string, make: (slot: AttributeSlot) => Predicate): Predicate {
    let entry = this.predicates.get(key);
    if (entry === undefined) {
      entry = { predicate: make(this.takeSlot(attribute)), users: 0 };
      this.predicates.set(key, entry);
    }
    entry.users++;
    return entry.predicate;
  }

  returnPredicate(key: string, attribute: string): void {
    const entry = this.predicates.get(key);
    if (entry === undefined || --entry.users > 0) return;
    this.predicates.delete(key);
    this.returnSlot(attribute);
  }

  bind(topic: string, batch: EventBatch, skip: Uint8Array | undefined, fromIndex: number): void {
    this.bound = batch;
    this.topic = topic;
    this.serial++;
    this.liveSerial++;
    this.payloads.bind(batch);
    if (skip === undefined) this.takeAll(fromIndex, batch.count);
    else this.takeSome(skip, fromIndex, batch.count);
  }

  /** Lets go of the batch, so that matching never keeps a segment in memory. */
  release(): void {
    this.bound = undefined;
    this.payloads.release();
  }

  private takeAll(from: number, count: number): void {
    if (this.all.length < count) this.all = Uint32Array.from({ length: count * 2 }, (_, index) => index);
    this.live = from === 0 ? this.all : this.all.subarray(from);
    this.liveCount = Math.max(0, count - from);
  }

  private takeSome(skip: Uint8Array, from: number, count: number): void {
    if (this.some.length < count) this.some = new Uint32Array(count * 2);
    this.live = this.some;
    let live = 0;
    for (let index = from; index < count; index++) if (skip[index] === 0) this.some[live++] = index;
    this.liveCount = live;
  }
}
