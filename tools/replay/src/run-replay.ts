import { createHash, randomUUID } from 'node:crypto';
import { type ClientClock, connect } from 'distributary';
import type { ReplayOptions } from './arguments.js';
import { ColumnMap, type Mapping, ReplayError } from './column-map.js';
import { Pacer } from './pacer.js';
import { Posting } from './posting.js';
import { RecordedFile } from './recorded-file.js';
import { replay } from './replay.js';
import { type Tally } from './tally.js';

export interface Surroundings {
  readonly clock: ClientClock;
  /** When it fires, what is under way is finished and nothing more is sent. */
  readonly stop: AbortSignal;
  /** A line about how far it is, at most one a second. */
  readonly note: (line: string) => void;
}

const NOTE_EVERY_MS = 1_000;
const ID_CHARACTERS = 16;

/**
 * Publishes the file. The tally is filled in as it goes on, so that it is there if this rejects: with a {@link ReplayError}
 * of the file, or with the error of the service.
 */
export async function runReplay(
  options: ReplayOptions,
  { clock, stop, note }: Surroundings,
  tally: Tally,
): Promise<void> {
  const { mapping, speed, fromRow, url, token } = options;
  const file = await RecordedFile.open(options.file);
  // Its `publish` is a POST; nothing is connected to before.
  const client = connect(url, { transport: 'sse', clock, ...(token !== undefined && { token }) });
  try {
    const map = new ColumnMap(file.columns, mapping);
    if (speed !== Number.POSITIVE_INFINITY && !map.hasTime) {
      throw new ReplayError('without a timestamp nobody knows when a row is due: name its column, or take --speed max');
    }
    const run = options.isAgain ? randomUUID() : runId(await file.contentHash(), mapping);
    tally.lastRow = fromRow - 1;
    let notedAtMs = clock.monotonicMs();
    await replay({
      rows: file.rows(map.columns),
      eventOf: ({ number, values }) => map.eventOf(values, `replay:${run}:${number}`),
      pacer: new Pacer(clock, speed),
      fromRow,
      posting: new Posting(client, clock, tally, stop),
      clock,
      stop,
      onBatch: (row, recordedMs) => {
        tally.lastRow = row;
        if (clock.monotonicMs() - notedAtMs < NOTE_EVERY_MS) return;
        notedAtMs = clock.monotonicMs();
        const at = recordedMs === undefined ? '' : `, at ${new Date(recordedMs).toISOString()}`;
        note(`${tally.rows.toLocaleString('en')} rows, ${tally.refused} refused${at}`);
      },
    });
  } finally {
    client.close();
    file.close();
  }
}

/** The same file that becomes the same events has the same ids, so that the service knows them again. */
function runId(contentHash: string, mapping: Mapping): string {
  return createHash('sha256')
    .update(JSON.stringify([contentHash, mapping]))
    .digest('hex')
    .slice(0, ID_CHARACTERS);
}
