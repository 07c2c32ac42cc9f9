import type { RawRequest } from './broker-connection.js';

export interface ProducedLane {
  /** Topic id. */
  readonly epoch: string;
  readonly partition: number;
  /** One record batch. */
  readonly batch: Buffer;
}

export interface ProduceOutcome {
  readonly epoch: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly baseOffset: number;
}

const ALL_IN_SYNC = -1;

/**
 * Produce 13 names topics by their id, so that nothing goes into a topic that was deleted and made again. The library
 * knows 11 at most. From 12 on the partitions join the transaction by being written to.
 */
export function produceRequest(
  lanes: readonly ProducedLane[],
  timeoutMs: number,
  transactionalId: string | null = null,
): RawRequest<readonly ProduceOutcome[]> {
  const topics = new Map<string, ProducedLane[]>();
  for (const lane of lanes) topics.set(lane.epoch, [...(topics.get(lane.epoch) ?? []), lane]);
  return {
    name: 'produce',
    key: 0,
    version: 13,
    write: (writer) =>
      writer
        .appendString(transactionalId)
        .appendInt16(ALL_IN_SYNC)
        .appendInt32(timeoutMs)
        .appendArray([...topics], (topicWriter, [epoch, ofTopic]) => {
          topicWriter
            .append(Buffer.from(epoch, 'base64url'))
            .appendArray(ofTopic, (laneWriter, { partition, batch }) => {
              laneWriter
                .appendInt32(partition)
                .appendUnsignedVarInt(batch.length + 1)
                .append(batch);
            });
        })
        .appendTaggedFields(),
    read: (reader) => {
      const outcomes = reader.list(() => {
        const epoch = reader.uuid();
        const ofTopic = reader.list((): ProduceOutcome => {
          const partition = reader.int32();
          const errorCode = reader.int16();
          const baseOffset = reader.int64();
          reader.at += 16; // log append time, log start offset
          reader.list(() => {
            reader.int32();
            reader.compactString();
            reader.tags();
          });
          const errorMessage = reader.compactString();
          reader.tags();
          return { epoch, partition, errorCode, errorMessage, baseOffset };
        });
        reader.tags();
        return ofTopic;
      });
      return outcomes.flat();
    },
  };
}
