import type { GroupMember } from '@distributary/distribution-core';
import { KAFKA, kafkaError } from '../kafka.errors.js';
import type { RawRequest } from './broker-connection.js';

interface Producer {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/**
 * EndTxn 5: its answer brings the producer epoch of the next transaction (KIP-890). The library knows 4 at most, under
 * which a late request may still get into the next transaction.
 */
export function endTransactionRequest(
  transactionalId: string,
  { producerId, producerEpoch }: Producer,
  isCommit: boolean,
): RawRequest<Producer & { readonly errorCode: number }> {
  return {
    name: 'end a transaction',
    key: 26,
    version: 5,
    write: (writer) =>
      writer
        .appendString(transactionalId)
        .appendInt64(BigInt(producerId))
        .appendInt16(producerEpoch)
        .appendBoolean(isCommit)
        .appendTaggedFields(),
    read: (reader) => {
      reader.int32();
      const errorCode = reader.int16();
      return { errorCode, producerId: reader.int64(), producerEpoch: reader.int16() };
    },
  };
}

/** AddPartitionsToTxn 3: lanes join without being written to. Answers for each of them. */
export function addLanesRequest(
  transactionalId: string,
  { producerId, producerEpoch }: Producer,
  topics: readonly { readonly name: string; readonly partitions: readonly number[] }[],
): RawRequest<readonly { readonly name: string; readonly errorCode: number }[]> {
  return {
    name: 'add lanes to a transaction',
    key: 24,
    version: 3,
    write: (writer) =>
      writer
        .appendString(transactionalId)
        .appendInt64(BigInt(producerId))
        .appendInt16(producerEpoch)
        .appendArray([...topics], (topicWriter, { name, partitions }) => {
          topicWriter
            .appendString(name)
            .appendArray([...partitions], (laneWriter, partition) => laneWriter.appendInt32(partition), true, false);
        })
        .appendTaggedFields(),
    read: (reader) => {
      reader.int32();
      const topicAnswers = reader.list(() => {
        const name = reader.compactString() ?? '';
        const answers = reader.list(() => {
          reader.int32();
          const errorCode = reader.int16();
          reader.tags();
          return { name, errorCode };
        });
        reader.tags();
        return answers;
      });
      return topicAnswers.flat();
    },
  };
}

/** AddOffsetsToTxn 3: the positions of a group join without any being committed. */
export function addGroupRequest(
  transactionalId: string,
  { producerId, producerEpoch }: Producer,
  groupId: string,
): RawRequest<readonly number[]> {
  return {
    name: 'add a group to a transaction',
    key: 25,
    version: 3,
    write: (writer) =>
      writer
        .appendString(transactionalId)
        .appendInt64(BigInt(producerId))
        .appendInt16(producerEpoch)
        .appendString(groupId)
        .appendTaggedFields(),
    read: (reader) => {
      reader.int32();
      return [reader.int16()];
    },
  };
}

/**
 * ListTransactions 1: the ids of those that the broker coordinates and that have been open for longer. The library asks for
 * states by names that Kafka does not know.
 */
export function openTransactionsRequest(longerThanMs: number): RawRequest<readonly string[]> {
  return {
    name: 'list transactions',
    key: 66,
    version: 1,
    write: (writer) =>
      writer
        .appendArray(['Ongoing'], (stateWriter, state) => stateWriter.appendString(state), true, false)
        .appendArray([], () => undefined, true, false)
        .appendInt64(BigInt(longerThanMs))
        .appendTaggedFields(),
    read: (reader) => {
      reader.int32();
      const errorCode = reader.int16();
      if (errorCode !== KAFKA.none) throw kafkaError(errorCode, 'list transactions');
      reader.list(() => reader.compactString());
      return reader.list(() => {
        const transactionalId = reader.compactString() ?? '';
        reader.int64();
        reader.compactString();
        reader.tags();
        return transactionalId;
      });
    },
  };
}

interface OffsetTopic {
  readonly name: string;
  readonly partitions: readonly {
    readonly partitionIndex: number;
    readonly committedOffset: bigint;
    readonly committedLeaderEpoch: number;
    readonly committedMetadata: string;
  }[];
}

export interface CommittedAnswer {
  readonly name: string;
  readonly partitions: readonly { readonly errorCode: number }[];
}

/** TxnOffsetCommit 5: the group joins the transaction by it. A stale generation is refused (KIP-447). */
export function offsetCommitRequest(
  transactionalId: string,
  groupId: string,
  { producerId, producerEpoch }: Producer,
  { memberId, generation }: GroupMember,
  topics: readonly OffsetTopic[],
): RawRequest<readonly CommittedAnswer[]> {
  return {
    name: 'commit positions in a transaction',
    key: 28,
    version: 5,
    write: (writer) =>
      writer
        .appendString(transactionalId)
        .appendString(groupId)
        .appendInt64(BigInt(producerId))
        .appendInt16(producerEpoch)
        .appendInt32(generation)
        .appendString(memberId)
        .appendString(null)
        .appendArray([...topics], (topicWriter, { name, partitions }) => {
          topicWriter.appendString(name).appendArray([...partitions], (laneWriter, lane) => {
            laneWriter
              .appendInt32(lane.partitionIndex)
              .appendInt64(lane.committedOffset)
              .appendInt32(lane.committedLeaderEpoch)
              .appendString(lane.committedMetadata);
          });
        })
        .appendTaggedFields(),
    read: (reader) => {
      reader.int32();
      return reader.list(() => {
        const name = reader.compactString() ?? '';
        const partitions = reader.list(() => {
          reader.int32();
          const errorCode = reader.int16();
          reader.tags();
          return { errorCode };
        });
        reader.tags();
        return { name, partitions };
      });
    },
  };
}
