import type { EventBatch, TailStart } from '@distributary/distribution-core';
import { DistributionError } from '@distributary/distribution-core';
import { isKafkaError, KAFKA, KafkaError, kafkaError, positionLost } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';
import { BatchSpace } from '../records/batch-builder.js';
import { type Fetched, fetchedBatches } from '../records/fetched-batches.js';
import type { ForeignDecoder } from '../records/foreign-record.js';
import type { FetchedLane } from '../wire/fetch-request.js';
import type { Retrying } from '../wire/retrying.js';
import type { Fetcher } from './fetcher.js';
import type { LaneFinder, ReadPlace } from './lane-place.js';
import type { LaneOffsets } from './lane-offsets.js';

export interface LaneReaderParts {
  readonly finder: LaneFinder;
  readonly fetcher: Fetcher;
  readonly offsets: LaneOffsets;
  readonly retrying: Retrying;
  readonly metrics: KafkaMetrics;
  readonly decode: ForeignDecoder;
  readonly timeoutMs: number;
}

/** A single read copies out no more than this, whatever it was asked for. */
export const MAX_READ_BYTES = 1024 * 1024;

/** Reads lanes as readers of committed events may see them. */
export class LaneReader {
  private readonly space = new BatchSpace();

  constructor(private readonly parts: LaneReaderParts) {}

  /** What is there now, oldest first; empty at the end. */
  async read(start: TailStart, maxBytes: number): Promise<readonly EventBatch[]> {
    const { retrying, finder, fetcher, timeoutMs } = this.parts;
    const bytes = Math.min(Math.max(maxBytes, 1), MAX_READ_BYTES);
    let from: number | undefined;
    return retrying.within(timeoutMs, async () => {
      // Anew at each attempt: a reader that names no epoch reads whatever bears the name now.
      const place = await finder.open(start);
      place.offset = from ?? place.offset;
      for (;;) {
        const fetched = await this.checked(place, fetcher.now(place, bytes), () => finder.look(start.topic));
        const { batches, next } = this.batches(place, fetched);
        if (batches.length > 0 || next === place.offset) return batches;
        // Nothing but what readers may not see: look behind it.
        place.offset = from = next;
      }
    });
  }

  /** Until the signal aborts; failures of brokers are waited out. Asks for the next answer while one is being read. */
  async *tail(start: TailStart, maxBytes: number, signal: AbortSignal): AsyncGenerator<EventBatch, void, void> {
    const place = await this.parts.retrying.patiently(signal, () => this.parts.finder.open(start));
    if (place === undefined) return;
    let coming = this.next(place, maxBytes, signal);
    for (let damaged = 0; ;) {
      const fetched = await coming;
      if (fetched === undefined || signal.aborted) return;
      const batches = this.advance(place, fetched);
      damaged = batches === undefined ? damaged + 1 : 0;
      if (batches === undefined) await this.parts.retrying.pause(damaged, signal);
      coming = this.next(place, maxBytes, signal);
      // The reader may stop while it is under way.
      coming.catch(() => undefined);
      for (const batch of batches ?? []) {
        yield batch;
        if (signal.aborted) return;
      }
    }
  }

  /** Undefined if the answer was damaged: the place stays, so that it is fetched again. */
  private advance(place: ReadPlace, fetched: FetchedLane): readonly EventBatch[] | undefined {
    try {
      const { batches, next } = this.batches(place, fetched);
      place.offset = next;
      return batches;
    } catch (error) {
      if (isKafkaError(error, KAFKA.corruptMessage)) return undefined;
      throw error;
    }
  }

  private batches(place: ReadPlace, { records, aborted }: FetchedLane): Fetched {
    try {
      const fetched = fetchedBatches(place.lane, records, aborted, place.offset, this.space, this.parts.decode);
      let events = 0;
      for (const batch of fetched.batches) events += batch.count;
      this.parts.metrics.read(events);
      if (fetched.abortedEvents > 0) this.parts.metrics.skippedAborted(fetched.abortedEvents);
      return fetched;
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw kafkaError(KAFKA.corruptMessage, `read ${place.lane.topic}#${place.lane.partition}`, error.message);
    }
  }

  private next(place: ReadPlace, maxBytes: number, signal: AbortSignal): Promise<FetchedLane | undefined> {
    return this.parts.retrying.patiently(signal, () =>
      this.checked(place, this.unlessAborted(place, maxBytes, signal), () => this.parts.finder.refresh(place)),
    );
  }

  /** A request that waits at the broker is not waited for once nobody wants its answer. */
  private unlessAborted(place: ReadPlace, maxBytes: number, signal: AbortSignal): Promise<FetchedLane> {
    return new Promise((resolve, reject) => {
      const stop = () => reject(new DistributionError('broker.unavailable', 'the reader has gone'));
      signal.addEventListener('abort', stop, { once: true });
      this.parts.fetcher
        .wait(place, maxBytes)
        .then(resolve, reject)
        .finally(() => signal.removeEventListener('abort', stop));
    });
  }

  /** Throws what the lane's error code means, after a look at what has become of the lane. */
  private async checked(
    place: ReadPlace,
    fetching: Promise<FetchedLane>,
    look: () => Promise<void>,
  ): Promise<FetchedLane> {
    try {
      const fetched = await fetching;
      if (fetched.errorCode === KAFKA.none) return fetched;
      throw kafkaError(fetched.errorCode, `read ${place.lane.topic}#${place.lane.partition}`);
    } catch (error) {
      if (isKafkaError(error, KAFKA.offsetOutOfRange)) {
        await look();
        const { first, end } = await this.parts.offsets.range(place);
        if (place.offset < first || place.offset > end) throw lostAt(place, first);
        // The leader has changed and does not know yet how far readers may go.
        throw new KafkaError(error.kafkaCode, true, 'broker.unavailable', error.message);
      }
      if (error instanceof KafkaError && error.isTransient) await look();
      throw error;
    }
  }
}

const lostAt = ({ lane, offset }: ReadPlace, first: number) =>
  positionLost(
    offset < first
      ? `retention has passed offset ${offset} of ${lane.topic}#${lane.partition}`
      : `${lane.topic}#${lane.partition} has no offset ${offset - 1}`,
  );
