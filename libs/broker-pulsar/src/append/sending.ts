import type { EventRecord, Position } from '@distributary/distribution-core';
import type { LaneRequest } from './append-request.js';

/** One message on its way to Pulsar. */
export interface Sending {
  readonly request: LaneRequest;
  readonly record: EventRecord;
  readonly isLast: boolean;
  /** Once Pulsar has it. */
  position: Position | undefined;
  /** Pulsar had it already, and does not say where. */
  isElsewhere: boolean;
  /** Its append has failed; it keeps its number until it has been answered. */
  isRefused: boolean;
}

/**
 * What a lane's writer has to send, in order, numbered as Pulsar counts what one producer sends. What is dealt with leaves
 * at the front, so that what is left has numbers without a hole.
 */
export class SendingQueue {
  /** Undefined where one has left: those are at the front, and taken out now and then. */
  private readonly items: (Sending | undefined)[] = [];
  private head = 0;
  /** Of the item at the head, if it was sent; otherwise of what is sent next. */
  private firstNumber = 1;
  /** Items from the head on that were sent, and of which nothing was heard if their socket was lost. */
  sent = 0;

  get length(): number {
    return this.items.length - this.head;
  }

  get first(): Sending | undefined {
    return this.items[this.head];
  }

  /** What Pulsar is told to have had before: the number before the head's. */
  get numberBefore(): number {
    return this.firstNumber - 1;
  }

  push(request: LaneRequest): void {
    const { records } = request;
    records.forEach((record, index) => {
      const isLast = index === records.length - 1;
      this.items.push({ request, record, isLast, position: undefined, isElsewhere: false, isRefused: false });
    });
  }

  /** The next to be sent, with its number; undefined if all are. */
  next(): { readonly sending: Sending; readonly number: number } | undefined {
    if (this.sent >= this.length) return undefined;
    const place = this.sent++;
    return { sending: this.at(place), number: this.firstNumber + place };
  }

  /** Undefined for what has left by now. */
  numbered(number: number): Sending | undefined {
    const place = number - this.firstNumber;
    return place >= 0 && place < this.sent ? this.at(place) : undefined;
  }

  shift(): Sending | undefined {
    const item = this.items[this.head];
    if (item === undefined) return undefined;
    this.items[this.head++] = undefined;
    // Pulsar counts what it was sent, and nothing else.
    if (this.sent > 0) {
      this.sent--;
      this.firstNumber++;
    }
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items.splice(0, this.head);
      this.head = 0;
    }
    return item;
  }

  /** Its append has failed: what was not sent of it leaves, what is under way is waited for. */
  refuse(request: LaneRequest): void {
    for (const sending of this.underWay()) if (sending.request === request) sending.isRefused = true;
    this.removeFrom(this.head + this.sent, request);
  }

  /** What was refused, and will not be answered any more, leaves: for one that begins to count anew. */
  dropRefused(): void {
    const kept = [...this.underWay()].filter(({ isRefused }) => !isRefused);
    this.items.splice(this.head, this.sent, ...kept);
    this.sent = kept.length;
  }

  private removeFrom(from: number, request: LaneRequest): void {
    const kept = this.items.slice(from).filter((each) => each?.request !== request);
    this.items.splice(from, this.items.length - from, ...kept);
  }

  /** What is left of it is sent again, with the same numbers. */
  unsend(): void {
    this.sent = 0;
  }

  /** As the first messages of another producer. */
  renumber(): void {
    this.firstNumber = 1;
  }

  /** In order: those under way. */
  *underWay(): Generator<Sending, void, void> {
    for (let place = 0; place < this.sent; place++) yield this.at(place);
  }

  /** Counted from the head. */
  private at(place: number): Sending {
    return this.items[this.head + place] as Sending;
  }
}

/**
 * Notes where they lie, as far as they are in the lane. Pulsar took them in their order, so those that are not there before
 * one that is were not taken, and would come too late: these are given back.
 */
export function foundAgain(sent: readonly Sending[], positions: readonly (Position | undefined)[]): readonly Sending[] {
  sent.forEach((sending, index) => {
    sending.isElsewhere = false;
    sending.position ??= positions[index];
  });
  const lastFound = sent.findLastIndex(({ position }) => position !== undefined);
  return sent.filter(({ position }, index) => index < lastFound && position === undefined);
}
