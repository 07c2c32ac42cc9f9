import { isAscii } from 'node:buffer';
import type { PlainEvents, PublishedEvent } from '../published-event.js';
import type { EventScan } from './event-scan.js';
import { ValueRun } from './value-run.js';

/** Reads the events of one body, in UTF-8, by scans of its bytes. Their stored forms are made of the producer's own bytes. */
export abstract class PlainBody<Scan extends EventScan> implements PlainEvents {
  end = 0;
  private readonly isAscii: boolean;
  private readonly run: ValueRun;

  protected constructor(
    protected readonly body: Buffer,
    protected readonly scan: Scan,
  ) {
    this.isAscii = isAscii(body);
    this.run = new ValueRun(body.length);
  }

  abstract read(start: number): PublishedEvent | undefined;

  /** Of the event that was scanned last. */
  protected eventId(): string {
    // Not cut out of one text of the body, which would live as long as the last of its ids.
    return this.body.toString(this.isAscii ? 'latin1' : 'utf8', this.scan.idStart, this.scan.idEnd);
  }

  /** Begins the stored form of the event that ends at {@link end} with its id and its time; at most `most` bytes follow. */
  protected beginValue(most: number): ValueRun {
    this.run.begin(this.scan, this.body, most, this.body.length - this.end);
    return this.run;
  }
}
