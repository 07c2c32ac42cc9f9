import type { LaneStep } from './lane-table.js';
import type { SubscribedPayload } from '@distributary/contracts';
import type { SubscriptionMessage } from './messages.js';

/** One thing to deal with, in order: what the consumer is shown (if anything) and how far it then is. */
export interface InboxItem {
  readonly message?: SubscriptionMessage;
  /** Applied once the consumer has dealt with the message. */
  readonly step?:
    LaneStep | { readonly type: 'subscribed'; readonly payload: SubscribedPayload } | { readonly type: 'live' };
  /** Of a subscription with credit: what it cost. */
  readonly eventCount: number;
}

/** Gaps, states and the like that may wait; they need no credit, so they are counted apart. */
const MAX_NOTICES = 1_000;

/**
 * What arrived and waits for the consumer. It never refuses: whoever fills it looks at {@link isFull} and stops reading,
 * so it can exceed its limit by what one read of the socket brought.
 */
export class Inbox {
  private items: InboxItem[] = [];
  private head = 0;
  private eventCount = 0;
  private notices = 0;
  private isClosed = false;
  private waiting: ((item: InboxItem | undefined) => void) | undefined;

  constructor(private readonly maxEvents: number) {}

  get queuedEvents(): number {
    return this.eventCount;
  }

  get isEmpty(): boolean {
    return this.head === this.items.length;
  }

  get isFull(): boolean {
    return this.eventCount >= this.maxEvents || this.notices >= MAX_NOTICES;
  }

  /** Room enough to begin reading again without stopping at the next message. */
  get isRelaxed(): boolean {
    return this.eventCount <= this.maxEvents / 2 && this.notices <= MAX_NOTICES / 2;
  }

  put(item: InboxItem): void {
    if (this.isClosed) return;
    if (this.waiting !== undefined) {
      const resolve = this.waiting;
      this.waiting = undefined;
      resolve(item);
      return;
    }
    if (this.replacedLast(item)) return;
    this.items.push(item);
    if (item.eventCount === 0) this.notices += 1;
    this.eventCount += item.eventCount;
  }

  /** The next item, or undefined when the inbox is closed. One call at a time. */
  take(): Promise<InboxItem | undefined> {
    if (!this.isEmpty) return Promise.resolve(this.shift());
    if (this.isClosed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      this.waiting = resolve;
    });
  }

  /** Drops what waits. */
  close(): void {
    this.isClosed = true;
    this.items = [];
    this.head = 0;
    this.eventCount = 0;
    this.notices = 0;
    this.waiting?.(undefined);
    this.waiting = undefined;
  }

  private shift(): InboxItem {
    const item = this.items[this.head++];
    if (item.eventCount === 0) this.notices -= 1;
    this.eventCount -= item.eventCount;
    // Moving the rest up once per half keeps taking O(1) without holding on to what was dealt with.
    if (this.head * 2 >= this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return item;
  }

  /** An idle lane's positions replace each other; otherwise a hanging consumer would collect them for ever. */
  private replacedLast(item: InboxItem): boolean {
    if (item.step?.type !== 'position' || item.message !== undefined) return false;
    for (let index = this.items.length - 1; index >= this.head; index -= 1) {
      const other = this.items[index];
      if (other.step?.type !== 'position') return false;
      if (other.step.payload.lane === item.step.payload.lane) {
        this.items[index] = item;
        return true;
      }
    }
    return false;
  }
}
