import type { IdSource } from '@distributary/distribution-core';
import { isKafkaError, KAFKA } from '../kafka.errors.js';
import type { KafkaMetrics } from '../kafka-metrics.js';
import type { KafkaNames } from '../topics/topic-names.js';
import type { BrokerConnection } from '../wire/broker-connection.js';
import type { Cluster } from '../wire/cluster.js';
import type { Retrying } from '../wire/retrying.js';
import { openTransactionsRequest } from '../wire/transaction-requests.js';
import { askProducerId } from './producer-ids.js';
import { TRANSACTION_TIMEOUT_MS } from './transaction-producer.js';

/**
 * Open for so long, a transaction has nobody any more who will end it: ours take milliseconds, and whoever writes one gives
 * a broker up that does not answer for as long. Should he be there all the same, he is fenced, and appends it again.
 */
const ABANDONED_AFTER_MS = 5_000;
const LOOK_EACH_MS = 1_000;

export interface AbandonedTransactionsParts {
  readonly cluster: Cluster;
  readonly names: KafkaNames;
  readonly ids: IdSource;
  readonly retrying: Retrying;
  /** Aborts when the log closes. */
  readonly closing: AbortSignal;
  readonly metrics: KafkaMetrics;
}

/**
 * Ends what processes of this installation left open when they died, whatever they were called. No reader of its lanes gets
 * beyond an open transaction, and Kafka itself looks only every ten seconds for those whose time is over.
 */
export class AbandonedTransactions {
  private ended: Promise<void> = Promise.resolve();

  constructor(private readonly parts: AbandonedTransactionsParts) {}

  start(): void {
    this.ended = this.run();
  }

  /** Resolves when nothing of it is under way any more. */
  stopped(): Promise<void> {
    return this.ended;
  }

  private async run(): Promise<void> {
    const { retrying, ids, closing } = this.parts;
    while (!closing.aborted) {
      // Spread, so that one of many processes finds it and the others find it ended.
      await retrying.wait(LOOK_EACH_MS * (0.5 + ids.random()), closing);
      // A broker that cannot answer coordinates nothing that could be ended.
      if (!closing.aborted) await this.endAll().catch(() => undefined);
    }
  }

  private async endAll(): Promise<void> {
    const { cluster, names, metrics } = this.parts;
    const brokers = await cluster.allBrokers();
    await Promise.allSettled(
      brokers.map(async (broker) => {
        for (const id of await broker.request(openTransactionsRequest(ABANDONED_AFTER_MS))) {
          if (!names.isTransactionalId(id)) continue;
          await endTransactionOf(broker, id);
          metrics.endedAbandoned();
        }
      }),
    );
  }
}

/** By the next epoch of the id, which this process never uses. Who lists a transaction coordinates it. */
async function endTransactionOf(coordinator: BrokerConnection, transactionalId: string): Promise<void> {
  try {
    await askProducerId(coordinator, transactionalId, TRANSACTION_TIMEOUT_MS);
  } catch (error) {
    // It is being ended, which is not waited for.
    if (!isKafkaError(error, KAFKA.concurrentTransactions)) throw error;
  }
}
