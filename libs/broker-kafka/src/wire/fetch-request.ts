import type { AbortedTransaction } from '../records/record-set.js';
import type { RawRequest } from './broker-connection.js';

export interface FetchedLane {
  readonly epoch: string;
  readonly partition: number;
  readonly errorCode: number;
  /** Readers of committed events see what lies before it. */
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[];
  /** Record batches; the last one may be cut. */
  readonly records: Buffer;
}

export interface LanePlace {
  /** Topic id. */
  readonly epoch: string;
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly offset: number;
  readonly maxBytes: number;
}

const READ_COMMITTED = 1;
const NO_SESSION = [0, -1] as const;

/** Answers when there is something to read of any lane, or after `maxWaitMs`. */
export function fetchRequest(
  lanes: readonly LanePlace[],
  maxWaitMs: number,
  maxBytes: number,
): RawRequest<{ readonly errorCode: number; readonly lanes: readonly FetchedLane[] }> {
  return {
    name: 'fetch',
    key: 1,
    version: 17,
    write: (writer) => {
      writer
        .appendInt32(maxWaitMs)
        .appendInt32(1)
        .appendInt32(maxBytes)
        .appendInt8(READ_COMMITTED)
        .appendInt32(NO_SESSION[0])
        .appendInt32(NO_SESSION[1]);
      return writer
        .appendArray([...lanes], (topicWriter, lane) => {
          topicWriter.append(Buffer.from(lane.epoch, 'base64url')).appendArray([lane], (laneWriter) => {
            laneWriter
              .appendInt32(lane.partition)
              .appendInt32(lane.leaderEpoch)
              .appendInt64(BigInt(lane.offset))
              .appendInt32(-1)
              .appendInt64(-1n)
              .appendInt32(lane.maxBytes);
          });
        })
        .appendArray([], () => undefined)
        .appendString('')
        .appendTaggedFields();
    },
    read: (reader) => {
      reader.int32();
      const errorCode = reader.int16();
      reader.int32();
      const topics = reader.list(() => {
        const epoch = reader.uuid();
        const ofTopic = reader.list((): FetchedLane => {
          const partition = reader.int32();
          const laneError = reader.int16();
          reader.int64();
          const lastStableOffset = reader.int64();
          const logStartOffset = reader.int64();
          const aborted = reader.list(() => {
            const transaction = { producerId: reader.int64(), firstOffset: reader.int64() };
            reader.tags();
            return transaction;
          });
          reader.int32();
          const records = reader.compactBytes();
          reader.tags();
          return { epoch, partition, errorCode: laneError, lastStableOffset, logStartOffset, aborted, records };
        });
        reader.tags();
        return ofTopic;
      });
      return { errorCode, lanes: topics.flat() };
    },
  };
}
