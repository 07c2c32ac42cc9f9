import { isKafkaError, KAFKA, KafkaError, kafkaError, unavailable } from '../kafka.errors.js';
import { checkCommitted, type CommittedTopic } from '../topics/group-positions.js';
import type { Cluster, Purpose } from '../wire/cluster.js';
import { endTransactionRequest, offsetCommitRequest } from '../wire/transaction-requests.js';
import type { Retrying } from '../wire/retrying.js';
import type { GroupMember } from '@distributary/distribution-core';
import { askProducerId, type ProducerId } from './producer-ids.js';
import { TouchedLanes } from './touched-lanes.js';

/** Kafka ends a transaction that nobody ends after this; no reader of its lanes gets beyond it until then. */
export const TRANSACTION_TIMEOUT_MS = 10_000;

/** How often the end of a transaction is asked for anew that nobody answered for, each time for as long as any other call. */
const SETTLE_ATTEMPTS = 4;

/**
 * One transactional id. Each transaction has an epoch of its own: the answer to the end of one brings that of the next, so
 * that nothing which comes late can get into a later transaction.
 *
 * A broker that is killed while it ends a transaction may come back with it as ended, and its marks missing in the lanes
 * (seen with Kafka 4.3): nothing but the next transaction of the same id in the same lanes brings their readers on. So an
 * end that was asked for more than once is followed by a transaction without events that ends the same way.
 */
export class TransactionProducer {
  private present: ProducerId | undefined;
  private touched = new TouchedLanes();
  private settling: Promise<void> | undefined;

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
    if (this.settling !== undefined) await Promise.race([this.settling, this.retrying.wait(this.timeoutMs)]);
    this.checkSettled();
    return this.identify();
  }

  /** What is written to the lane belongs to the present transaction. */
  touch(topic: string, partition: number): void {
    this.touched.lane(topic, partition);
  }

  private async identify(): Promise<ProducerId> {
    this.present ??= await this.asCoordinated((broker) =>
      askProducerId(broker, this.transactionalId, TRANSACTION_TIMEOUT_MS),
    );
    return this.present;
  }

  async commitPositions(groupId: string, member: GroupMember, topics: readonly CommittedTopic[]): Promise<void> {
    const producer = this.begun();
    this.touched.group(groupId);
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
    // Of who was not let in by `begin`: what is open is the end of the one before, which must not become another one.
    this.checkSettled();
    const producer = this.begun();
    const { touched } = this;
    this.touched = new TouchedLanes();
    try {
      await this.endAs(producer, touched, isCommit);
    } catch (error) {
      // Whatever is left open, the next epoch of this id ends it.
      this.present = undefined;
      this.doubt(error);
      if (isTransient(error)) {
        this.settling = this.settle(producer, touched, isCommit).finally(() => (this.settling = undefined));
      }
      throw error;
    }
  }

  private async endAs(producer: ProducerId, touched: TouchedLanes, isCommit: boolean, wasAsked = false): Promise<void> {
    let times = wasAsked ? 1 : 0;
    this.present = await this.asCoordinated((broker) => {
      times++;
      return broker.request(endTransactionRequest(this.transactionalId, producer, isCommit));
    });
    for (let attempt = 1; times > 1; attempt++) {
      try {
        return await this.endAgain(touched, isCommit);
      } catch (error) {
        this.present = undefined;
        if (attempt === SETTLE_ATTEMPTS) throw error;
      }
    }
  }

  private async endAgain(touched: TouchedLanes, isCommit: boolean): Promise<void> {
    const again = await this.identify();
    this.present = await this.asCoordinated(async (broker) => {
      const isThere = async (topic: string) => (await this.cluster.findTopic(topic)) !== undefined;
      if (!(await touched.join(broker, this.transactionalId, again, isThere))) return again;
      return broker.request(endTransactionRequest(this.transactionalId, again, isCommit));
    });
  }

  /** Nobody waits for it any more, but readers of its lanes do. Never rejects. */
  private async settle(producer: ProducerId, touched: TouchedLanes, isCommit: boolean): Promise<void> {
    for (let attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
      try {
        return await this.endAs(producer, touched, isCommit, true);
      } catch (error) {
        this.present = undefined;
        this.doubt(error);
        if (!isTransient(error)) return;
      }
    }
  }

  /** A producer whose id somebody else bears by now gets another one; there is nothing left for it to end. */
  doubt(reason: unknown): void {
    if (!isKafkaError(reason, KAFKA.producerFenced, KAFKA.invalidProducerEpoch)) return;
    this.present = undefined;
    this.transactionalId = this.replacementId();
  }

  private checkSettled(): void {
    if (this.settling !== undefined) throw unavailable('nobody knows yet how the last transaction ended');
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

const isTransient = (error: unknown): boolean => error instanceof KafkaError && error.isTransient;
