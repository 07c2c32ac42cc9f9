import { type Column, EventBatch } from '../event-batch.js';
import { EventIds } from '../event-ids.js';
import type { EventRecord } from '../event.js';
import type { Run } from '../fan-out/outlet.js';
import type { Lane } from '../lane.js';
import type { LanePosition } from '../position.js';
import { type Allowance, applyWithin } from './apply-transformation.js';
import type { CompiledTransformation, Failure } from './compile-transformation.js';
import { isBinary } from './definition.js';

/** Told of each event that failed, once per event and transformation as long as its batch is remembered. */
export interface TransformationObserver {
  /** `outcome` `event`: it passes as it was. */
  failed(outcome: 'event' | 'drop' | 'dead_letter' | 'reject', failure: Failure, at: EventPlace | undefined): void;
}

/** Which event it was; undefined where events come without a place, as in snapshots. */
export interface EventPlace {
  readonly at: LanePosition;
  readonly record: EventRecord;
}

const COMMA = Buffer.from(',');
const NO_COLUMNS: ReadonlyMap<string, Column> = new Map();
/** Of one transformation: the feeds that share it, on whatever transports, ask for a batch within one turn. */
const MAX_BATCHES = 16;
const MAX_CACHED_BYTES = 4 * 1024 * 1024;

/** Per index of the batch: undefined = nobody asked yet, null = it does not go out. */
type Values = (Uint8Array | null | undefined)[];

/** What one transformation made of the events that were asked for last: each event is transformed once for all feeds. */
export class TransformedEvents {
  private readonly batches = new Map<EventBatch, Values>();
  private cachedBytes = 0;

  constructor(
    readonly compiled: CompiledTransformation,
    private readonly observer: TransformationObserver,
    private readonly allowance: Allowance,
  ) {}

  /**
   * What goes out of a run, as a batch of its own, and how many of its events do not. `lane`: as the catalog names its
   * topic, which the batch does not know. `placeholders`: instead of those goes their id, so that they can be acknowledged.
   */
  run(
    { batch, from, to }: Run,
    lane: Lane,
    placeholders: boolean,
  ): { readonly run: Run | undefined; readonly dropped: number } {
    const values = this.valuesOf(batch);
    const parts: Uint8Array[] = [];
    const kept: number[] = [];
    let dropped = 0;
    for (let index = from; index < to; index++) {
      let value = values[index];
      if (value === undefined) {
        value = this.transform(batch, index, lane);
        values[index] = value;
      }
      if (value === null) {
        dropped++;
        if (!placeholders) continue;
        value = this.placeholder(batch, index);
      }
      parts.push(value, COMMA);
      kept.push(index);
    }
    this.shrink();
    return {
      run: kept.length === 0 ? undefined : { batch: batchOf(batch, kept, parts), from: 0, to: kept.length },
      dropped,
    };
  }

  /** Of a value that lies in no batch. Undefined if it does not go out. */
  value(value: Uint8Array): Uint8Array | undefined {
    const result = applyWithin(this.allowance, this.compiled, value);
    if (result.failure !== undefined) this.observer.failed(result.kind, result.failure, undefined);
    return result.kind === 'event' ? result.value : undefined;
  }

  /** Among other bytes than JSON it is empty: the frame says the position. */
  private placeholder(batch: EventBatch, index: number): Uint8Array {
    if (isBinary(this.compiled.format)) return new Uint8Array(0);
    return Buffer.from(JSON.stringify({ event_id: batch.eventIdAt(index), dropped: true }));
  }

  private transform(batch: EventBatch, index: number, { topic, partition, epoch }: Lane): Uint8Array | null {
    const result = applyWithin(this.allowance, this.compiled, batch.valueAt(index));
    if (result.failure !== undefined) {
      const at = { topic, partition, epoch, position: batch.positions.at(index) };
      this.observer.failed(result.kind, result.failure, { at, record: batch.recordAt(index) });
    }
    if (result.kind !== 'event') return null;
    this.cachedBytes += result.value.length;
    return result.value;
  }

  private valuesOf(batch: EventBatch): Values {
    let values = this.batches.get(batch);
    if (values === undefined) {
      values = [];
      this.batches.set(batch, values);
    }
    return values;
  }

  /** The oldest batches go; the newest stays, whatever its size. */
  private shrink(): void {
    for (const [batch, values] of this.batches) {
      if (this.batches.size === 1) return;
      if (this.batches.size <= MAX_BATCHES && this.cachedBytes <= MAX_CACHED_BYTES) return;
      this.batches.delete(batch);
      for (const value of values) if (value) this.cachedBytes -= value.length;
    }
  }
}

/** Encoders look at values, ids and times; nothing matches any more, so the columns stay behind. */
function batchOf(batch: EventBatch, kept: readonly number[], parts: readonly Uint8Array[]): EventBatch {
  const ends = new Uint32Array(kept.length);
  let end = 0;
  for (let row = 0; row < kept.length; row++) {
    end += parts[row * 2].length + 1;
    ends[row] = end;
  }
  return new EventBatch(
    batch.lane,
    {
      byteLength: batch.positions.byteLength,
      at: (row) => batch.positions.at(kept[row]),
      indexAfter: (position) => {
        const index = batch.positions.indexAfter(position);
        const row = kept.findIndex((original) => original >= index);
        return row < 0 ? kept.length : row;
      },
    },
    {
      count: kept.length,
      appendedMicros: batch.appendedMicros,
      ids: EventIds.of(kept.map((index) => batch.eventIdAt(index))),
    },
    ends,
    Float64Array.from(kept, (index) => batch.timeMicrosAt(index)),
    NO_COLUMNS,
    Buffer.concat(parts),
  );
}
