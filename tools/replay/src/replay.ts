import type { ClientClock } from 'distributary';
import { type ReplayedEvent, timeMsOf } from './column-map.js';
import { type Pacer, pause } from './pacer.js';
import type { Posting, ReplayedRow } from './posting.js';
import type { RecordedRow } from './recorded-file.js';

export interface ReplayParts {
  readonly rows: AsyncIterable<readonly RecordedRow[]>;
  readonly eventOf: (row: RecordedRow) => ReplayedEvent;
  readonly pacer: Pacer;
  /** Rows before it are passed over. */
  readonly fromRow: number;
  readonly posting: Pick<Posting, 'send'>;
  readonly clock: ClientClock;
  readonly stop: AbortSignal;
  /** After each batch: its last row, and the time that it was recorded at. */
  readonly onBatch: (row: number, recordedMs: number | undefined) => void;
}

const MAX_BATCH = 500;

/**
 * The rows of a file as events, one batch after the other:
 *
 *   file ──vectors of rows──▶ event of each ──waits until due──▶ batch ──POST──▶ service
 *
 * At most one vector and one batch are in memory; what is read waits for what is taken.
 */
export async function replay({
  rows,
  eventOf,
  pacer,
  fromRow,
  posting,
  clock,
  stop,
  onBatch,
}: ReplayParts): Promise<void> {
  let batch: ReplayedRow[] = [];
  const send = async () => {
    if (batch.length === 0) return;
    if (!(await posting.send(batch))) return;
    const last = batch[batch.length - 1];
    onBatch(last.number, timeMsOf(last.event));
    batch = [];
  };
  for await (const vector of rows) {
    for (const row of vector) {
      if (stop.aborted) return;
      if (row.number < fromRow) continue;
      const event = eventOf(row);
      const recordedMs = timeMsOf(event);
      if (batch.length === MAX_BATCH || (batch.length > 0 && pacer.waitMs(recordedMs) > 0)) await send();
      const waitMs = pacer.waitMs(recordedMs);
      if (waitMs > 0) await pause(clock, waitMs, stop);
      batch.push({ number: row.number, event });
    }
  }
  if (!stop.aborted) await send();
}
