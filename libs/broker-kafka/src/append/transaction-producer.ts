import { isKafkaError, isTransient, KAFKA, KafkaError, kafkaError, unavailable } from '../kafka.errors.js';
import { checkCommitted, type CommittedTopic } from '../topics/group-positions.js';
import type { BrokerConnection } from '../wire/broker-connection.js';
import type { Purpose } from '../wire/cluster.js';
import { endTransactionRequest, offsetCommitRequest } from '../wire/transaction-requests.js';
import type { GroupMember } from '@distributary/distribution-core';
import type { WriterParts } from './lane-writer.js';
import { askProducerId, type ProducerId } from './producer-ids.js';
import { TouchedLanes } from './touched-lanes.js';

/** Kafka ends a transaction that nobody ends after this; no reader of its lanes gets beyond it until then. */
export const TRANSACTION_TIMEOUT_MS = 10_000;

/** How often the end of a transaction is asked for anew that nobody answered for, each time for as long as any other call. */
const SETTLE_ATTEMPTS = 4;

/** What is to become of a transaction, and where. */
interface Ending {
  readonly producer: ProducerId;
  readonly touched: TouchedLanes;
  isCommit: boolean;
  /** How often it was asked for. */
  times: number;
}

/**
 * One transactional id. Each transaction has an epoch of its own: the answer to the end of one brings that of the next, so
 * that nothing which comes late can get into a later transaction.
 *
 * A broker that is killed while it ends a transaction may come back with it as ended, and its marks missing in the lanes
 * (seen with Kafka 4.3): nothing but the next transaction of the same id in the same lanes brings their readers on. So an
 * end that was asked for more than once is followed by a transaction without events that ends the same way.
 *
 * Calls are over by their deadline, of `Clock.monotonicMs`, or when the request has been answered that was under way then. An end
 * goes on without its caller: no other transaction begins meanwhile. It stays a commit only if it was asked for as one in
 * time, since who was told that it failed may have read since that nothing is there.
 */
export class TransactionProducer {
  private present: ProducerId | undefined;
  private touched = new TouchedLanes();
  private settling: Promise<void> | undefined;

  constructor(
    private transactionalId: string,
    private readonly replacementId: () => string,
    private readonly parts: Pick<WriterParts, 'cluster' | 'clock' | 'retrying' | 'timeoutMs'>,
    readonly purpose: Purpose,
  ) {}

  get id(): string {
    return this.transactionalId;
  }

  /** Who writes the next transaction; ends what an earlier bearer of the id left open. */
  async begin(deadlineMs: number): Promise<ProducerId> {
    if (this.settling !== undefined) await this.parts.retrying.awaited(deadlineMs, this.settling);
    this.checkSettled();
    return this.identify(deadlineMs);
  }

  /** What is written to the lane belongs to the present transaction. */
  touch(topic: string, partition: number): void {
    this.touched.lane(topic, partition);
  }

  private async identify(deadlineMs: number): Promise<ProducerId> {
    this.present ??= await this.asCoordinated(deadlineMs, (broker) =>
      askProducerId(broker, this.transactionalId, TRANSACTION_TIMEOUT_MS),
    );
    return this.present;
  }

  async commitPositions(
    groupId: string,
    member: GroupMember,
    topics: readonly CommittedTopic[],
    deadlineMs: number,
  ): Promise<void> {
    const { cluster, retrying } = this.parts;
    const producer = this.begun();
    this.touched.group(groupId);
    await retrying.before(deadlineMs, async () => {
      try {
        const broker = await cluster.coordinator('group', groupId, this.purpose);
        checkCommitted(
          await broker.request(offsetCommitRequest(this.transactionalId, groupId, producer, member, topics)),
          groupId,
        );
      } catch (error) {
        cluster.forgetCoordinator('group', groupId);
        throw error;
      }
    });
  }

  /** Rejects if it was not committed, or if nobody knows: then the successor of this producer will end it. */
  async end(isCommit: boolean, deadlineMs: number): Promise<void> {
    // Of who was not let in by `begin`: what is open is the end of the one before, which must not become another one.
    this.checkSettled();
    const producer = this.begun();
    const { touched } = this;
    this.touched = new TouchedLanes();
    const ending = { producer, touched, isCommit, times: 0 };
    const ended = this.endAs(ending);
    try {
      await this.parts.retrying.awaited(deadlineMs, ended);
    } catch (error) {
      if (ending.times === 0) ending.isCommit = false;
      const settled = ended.catch((failure: unknown) => this.settle(ending, failure));
      this.settling = settled.finally(() => (this.settling = undefined));
      throw error;
    }
  }

  private async endAs(ending: Ending): Promise<void> {
    this.present = await this.asCoordinated(this.soon(), (broker) => {
      ending.times++;
      return broker.request(endTransactionRequest(this.transactionalId, ending.producer, ending.isCommit));
    });
    for (let attempt = 1; ending.times > 1; attempt++) {
      try {
        return await this.endAgain(ending);
      } catch (error) {
        this.present = undefined;
        if (attempt === SETTLE_ATTEMPTS) throw error;
      }
    }
  }

  private async endAgain({ touched, isCommit }: Ending): Promise<void> {
    const again = await this.identify(this.soon());
    this.present = await this.asCoordinated(this.soon(), async (broker) => {
      const isThere = async (topic: string) => (await this.parts.cluster.findTopic(topic)) !== undefined;
      if (!(await touched.join(broker, this.transactionalId, again, isThere))) return again;
      return broker.request(endTransactionRequest(this.transactionalId, again, isCommit));
    });
  }

  /** Nobody waits for it any more, but readers of its lanes do. Never rejects. */
  private async settle(ending: Ending, failure: unknown): Promise<void> {
    let reason = failure;
    for (let attempt = 0; ; attempt++) {
      // Whatever is left open, the next epoch of this id ends it.
      this.present = undefined;
      this.doubt(reason);
      if (!isTransient(reason) || attempt === SETTLE_ATTEMPTS) return;
      try {
        return await this.endAs(ending);
      } catch (error) {
        reason = error;
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

  /** For what nobody waits for: as long as any other call. */
  private soon(): number {
    return this.parts.clock.monotonicMs() + this.parts.timeoutMs;
  }

  private asCoordinated<Result extends object>(
    deadlineMs: number,
    ask: (broker: BrokerConnection) => Promise<Result>,
  ): Promise<Result> {
    const { cluster, retrying } = this.parts;
    return retrying.before(deadlineMs, async () => {
      try {
        const answer = await ask(await cluster.coordinator('transaction', this.transactionalId, this.purpose));
        if ('errorCode' in answer && typeof answer.errorCode === 'number' && answer.errorCode !== KAFKA.none) {
          throw kafkaError(answer.errorCode, 'end a transaction');
        }
        return answer;
      } catch (error) {
        // Another broker may coordinate it now.
        if (!(error instanceof KafkaError) || error.kafkaCode !== KAFKA.concurrentTransactions) {
          cluster.forgetCoordinator('transaction', this.transactionalId);
        }
        throw error;
      }
    });
  }
}
