import type { Connection } from '@platformatic/kafka';
import { initProducerIdV5 } from '@platformatic/kafka';
import { KAFKA, kafkaError } from '../kafka.errors.js';
import type { BrokerConnection } from '../wire/broker-connection.js';

export interface ProducerId {
  readonly producerId: number;
  readonly producerEpoch: number;
}

/** A new one; with a transactional id its next epoch, which ends whatever an earlier one left open. */
export async function askProducerId(
  broker: BrokerConnection,
  transactionalId: string | null,
  transactionTimeoutMs: number,
): Promise<ProducerId> {
  const answer = await broker.ask<initProducerIdV5.InitProducerIdResponse>(
    'init producer',
    (connection: Connection, done) =>
      initProducerIdV5.api(connection, transactionalId, transactionTimeoutMs, -1n, -1, done),
  );
  const { errorCode, producerId, producerEpoch } = answer;
  if (errorCode !== KAFKA.none) throw kafkaError(errorCode, 'init producer');
  return { producerId: Number(producerId), producerEpoch };
}
