import type { DistributionError, EventRecord, Lane, Position } from '@distributary/distribution-core';
import type {
  ProducerAnswer,
  ProducerEvents,
  ProducerLine,
  ProducerLines,
  ProducerStart,
} from '../append/producer-line.js';
import { type MessagePlace, positionAt } from '../records/message-position.js';

interface Sent {
  readonly record: EventRecord;
  /** By which the answer is known; what Pulsar counts is its own. */
  readonly number: number;
}

interface Session {
  readonly producer: string;
  readonly events: ProducerEvents;
  /** Of the last message that it was given, as Pulsar counts. */
  counted: number;
}

/** What becomes of the next message that is taken, if it is not stored. */
export interface Refusal {
  readonly error: DistributionError;
  /** Whether it has used up a number. */
  readonly isCounted: boolean;
}

const LEDGER = 5;

/** One lane of a Pulsar as it deduplicates: what a test lets it take, it takes; what it took, it answers when it may. */
export class FakePulsarLane implements ProducerLines {
  readonly log: EventRecord[] = [];
  private readonly highest = new Map<string, number>();
  private readonly sent: Sent[] = [];
  private readonly answers: ProducerAnswer[] = [];
  private present: Session | undefined;
  private refusal: Refusal | undefined;
  private asleep = 0;
  private hidden = 0;

  open(_: Lane, { producer, numberBefore }: ProducerStart, events: ProducerEvents): Promise<ProducerLine> {
    this.forget();
    const session = { producer, events, counted: numberBefore };
    this.present = session;
    return Promise.resolve({
      send: (record, _epoch, number) => {
        if (this.present === session) this.sent.push({ record, number });
      },
      close: () => this.present === session && this.forget(),
      terminate: () => this.present === session && this.lose(),
    });
  }

  /** Stores, or refuses, so many of what was sent. */
  take(count: number): void {
    const { present } = this;
    if (present === undefined) return;
    for (const { record, number } of this.sent.splice(0, count)) {
      const { refusal } = this;
      this.refusal = undefined;
      if (refusal === undefined || refusal.isCounted) present.counted++;
      const place = refusal === undefined ? this.store(present, record) : undefined;
      this.answers.push({ number, place, refusal: refusal?.error });
    }
  }

  answer(count: number): void {
    for (const answer of this.answers.splice(0, count)) this.present?.events.onAnswer(answer);
  }

  /** Answers that were not given never come. */
  lose(): void {
    const { present } = this;
    this.forget();
    present?.events.onClosed(false);
  }

  refuseNext(refusal: Refusal): void {
    this.refusal = refusal;
  }

  /** So many messages are stored whether they are there or not, as when it takes up a topic again. */
  sleep(messages: number): void {
    this.asleep = messages;
  }

  /** So many are stored, and answered as those that were there: so it is when Pulsar's own end has repeated them. */
  hide(messages: number): void {
    this.hidden = messages;
  }

  find(afterEntry: number, eventIds: readonly string[]): (Position | undefined)[] {
    return eventIds.map((id) => {
      const at = this.log.findIndex(({ eventId }, index) => index >= afterEntry && eventId === id);
      return at < 0 ? undefined : positionAt(LEDGER, at + 1);
    });
  }

  /** Undefined if it was there already. */
  private store({ producer, counted }: Session, record: EventRecord): MessagePlace | undefined {
    const isKnown = counted <= (this.highest.get(producer) ?? 0);
    const isAwake = this.asleep === 0;
    if (!isAwake) this.asleep--;
    if (isKnown && isAwake) return undefined;
    this.highest.set(producer, Math.max(counted, this.highest.get(producer) ?? 0));
    const entry = this.log.push(record);
    if (this.hidden === 0) return { ledger: LEDGER, entry, batchIndex: -1 };
    this.hidden--;
    return undefined;
  }

  private forget(): void {
    this.present = undefined;
    this.sent.length = 0;
    this.answers.length = 0;
  }
}
