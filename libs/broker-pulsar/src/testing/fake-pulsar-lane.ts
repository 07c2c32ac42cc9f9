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
  readonly number: number;
}

const LEDGER = 5;

/** One lane of a Pulsar as it deduplicates: what a test lets it take, it takes; what it took, it answers when it may. */
export class FakePulsarLane implements ProducerLines {
  readonly log: EventRecord[] = [];
  private readonly highest = new Map<string, number>();
  private readonly sent: Sent[] = [];
  private readonly answers: ProducerAnswer[] = [];
  private present: { readonly producer: string; readonly events: ProducerEvents } | undefined;
  private refusal: DistributionError | undefined;

  open(_: Lane, { producer }: ProducerStart, events: ProducerEvents): Promise<ProducerLine> {
    this.forget();
    const line = { producer, events };
    this.present = line;
    return Promise.resolve({
      send: (record, _epoch, number) => {
        if (this.present === line) this.sent.push({ record, number });
      },
      close: () => this.present === line && this.forget(),
      terminate: () => this.present === line && this.lose(),
    });
  }

  /** Stores, or refuses, so many of what was sent. */
  take(count: number): void {
    if (this.present === undefined) return;
    const { producer } = this.present;
    for (const { record, number } of this.sent.splice(0, count)) {
      if (this.refusal !== undefined) {
        this.answers.push({ number, place: undefined, refusal: this.refusal });
        this.refusal = undefined;
        continue;
      }
      const isThere = number <= (this.highest.get(producer) ?? 0);
      let place: MessagePlace | undefined;
      if (!isThere) {
        this.highest.set(producer, number);
        place = { ledger: LEDGER, entry: this.log.push(record), batchIndex: -1 };
      }
      this.answers.push({ number, place, refusal: undefined });
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

  refuseNext(refusal: DistributionError): void {
    this.refusal = refusal;
  }

  find(afterEntry: number, eventIds: readonly string[]): Position[] {
    const found: Position[] = [];
    for (let entry = afterEntry + 1; entry <= this.log.length; entry++) {
      if (this.log[entry - 1]?.eventId === eventIds[found.length]) found.push(positionAt(LEDGER, entry));
    }
    return found;
  }

  private forget(): void {
    this.present = undefined;
    this.sent.length = 0;
    this.answers.length = 0;
  }
}
