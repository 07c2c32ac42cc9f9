import { isKafkaError, KAFKA, KafkaError, kafkaError, unavailable } from '../kafka.errors.js';
import { checkCommitted, type CommittedTopic } from '../topics/group-positions.js';
import type { Cluster, Purpose } from '../wire/cluster.js';
import { endTransactionRequest, offsetCommitRequest } from '../wire/transaction-requests.js';
import type { Retrying } from '../wire/retrying.js';
import type { GroupMember } from '@distributary/distribution-core';
import { askProducerId, type ProducerId } from './producer-ids.js';

/** Kafka ends a transaction that nobody ends after this; no reader of its lanes gets beyond it until then. */
export const TRANSACTION_TIMEOUT_MS = 10_000;

/**
 * One transactional id. Each transaction has an epoch of its own: the answer to the end of one brings that of the next, so
 * that nothing which comes late can get into a later transaction.
 */
export class TransactionProducer {
  private present: ProducerId | undefined;

  constructor(
    private transactionalId: string,
    private readonly replacementId: () => string,
    private readonly cluster: Cluster,
    private readonly retrying: Retrying,
    private readonly timeoutMs: number,
    readonly purpose: Purpose,
  ) {}

  get id(): string {
    return this.transactionalId;
  }

  /** Who writes the next transaction; ends what an earlier bearer of the id left open. */
  async begin(): Promise<ProducerId> {
    this.present ??= await this.asCoordinated((broker) =>
      askProducerId(broker, this.transactionalId, TRANSACTION_TIMEOUT_MS),
    );
    return this.present;
  }

  async commitPositions(groupId: string, member: GroupMember, topics: readonly CommittedTopic[]): Promise<void> {
    const producer = this.begun();
    await this.retrying.within(this.timeoutMs, async () => {
      try {
        const broker = await this.cluster.coordinator('group', groupId, this.purpose);
        checkCommitted(
          await broker.request(offsetCommitRequest(this.transactionalId, groupId, producer, member, topics)),
          groupId,
        );
      } catch (error) {
        this.cluster.forgetCoordinator('group', groupId);
        throw error;
      }
    });
  }

  /** Rejects if it was not committed, or if nobody knows: then the successor of this producer will end it. */
  async end(isCommit: boolean): Promise<void> {
    const producer = this.begun();
    try {
      const next = await this.asCoordinated((broker) =>
        broker.request(endTransactionRequest(this.transactionalId, producer, isCommit)),
      );
      this.present = next;
    } catch (error) {
      // Whatever is left open, the next epoch of this id ends it.
      this.present = undefined;
      this.doubt(error);
      throw error;
    }
  }

  /** A producer whose id somebody else bears by now gets another one; there is nothing left for it to end. */
  doubt(reason: unknown): void {
    if (!isKafkaError(reason, KAFKA.producerFenced, KAFKA.invalidProducerEpoch)) return;
    this.present = undefined;
    this.transactionalId = this.replacementId();
  }

  private begun(): ProducerId {
    if (this.present === undefined) throw unavailable('the transaction was ended by a failure');
    return this.present;
  }

  private asCoordinated<Result extends object>(
    ask: (broker: Awaited<ReturnType<Cluster['coordinator']>>) => Promise<Result>,
  ): Promise<Result> {
    return this.retrying.within(this.timeoutMs, async () => {
      try {
        const answer = await ask(await this.cluster.coordinator('transaction', this.transactionalId, this.purpose));
        if ('errorCode' in answer && typeof answer.errorCode === 'number' && answer.errorCode !== KAFKA.none) {
          throw kafkaError(answer.errorCode, 'end a transaction');
        }
        return answer;
      } catch (error) {
        // Another broker may coordinate it now.
        if (!(error instanceof KafkaError) || error.kafkaCode !== KAFKA.concurrentTransactions) {
          this.cluster.forgetCoordinator('transaction', this.transactionalId);
        }
        throw error;
      }
    });
  }
}
