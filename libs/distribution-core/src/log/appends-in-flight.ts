import { DistributionError, invalidRequest } from '../errors/distribution-error.js';
import type { LaneAppend } from '../ports/log.port.js';

export interface AppendLimits {
  /** Bytes given to `append` and not yet acknowledged. */
  readonly maxInFlightBytes: number;
  /** Bytes of one event's value. */
  readonly maxRecordBytes: number;
}

/** For who is refused while others are written; they are written in less. */
const RETRY_AFTER_MS = 50;

/** What was given to a log and not answered yet, within its limits. */
export class AppendsInFlight {
  private bytes = 0;
  private count = 0;
  private readonly idle: (() => void)[] = [];

  /** `overheadBytes`: what an event costs beside its value. `onChange`: with the bytes that are in flight now. */
  constructor(
    private readonly limits: AppendLimits,
    private readonly overheadBytes: number,
    private readonly onChange: (bytes: number) => void,
  ) {}

  /**
   * Its bytes, in flight until they are given to {@link end}. Refused with `request.invalid` without a record, `payload.too_large`
   * if it could never be taken, `ingest.busy` if it could be later.
   */
  begin(appends: readonly LaneAppend[]): number {
    const bytes = this.checkedBytes(appends);
    this.move(bytes, 1);
    return bytes;
  }

  end(bytes: number): void {
    this.move(-bytes, -1);
  }

  /** Resolves when nothing is in flight. */
  drained(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private checkedBytes(appends: readonly LaneAppend[]): number {
    const { maxInFlightBytes, maxRecordBytes } = this.limits;
    let bytes = 0;
    for (const { topic, partition, records } of appends) {
      if (records.length === 0) {
        throw invalidRequest([{ path: `${topic}#${partition}`, rule: 'must have at least one record' }]);
      }
      for (const { value } of records) {
        if (value.length > maxRecordBytes) throw tooLarge(`an event of ${value.length} bytes`, maxRecordBytes);
        bytes += value.length + this.overheadBytes;
      }
    }
    if (bytes > maxInFlightBytes) throw tooLarge(`an append of ${bytes} bytes`, maxInFlightBytes);
    if (this.bytes + bytes > maxInFlightBytes) {
      throw new DistributionError('ingest.busy', `${this.bytes} bytes wait to be written`, {
        retryAfterMs: RETRY_AFTER_MS,
      });
    }
    return bytes;
  }

  private move(bytes: number, count: number): void {
    this.bytes += bytes;
    this.count += count;
    this.onChange(this.bytes);
    if (this.count === 0) for (const resolve of this.idle.splice(0)) resolve();
  }
}

function tooLarge(what: string, limit: number): DistributionError {
  return new DistributionError('payload.too_large', `${what} is larger than ${limit} bytes`);
}
