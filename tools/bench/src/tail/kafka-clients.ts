import { Consumer, MessagesStreamModes } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';
import { TOPIC } from './tail-events.js';
import type { TailMeter } from './tail-meter.js';

/** What anybody would write who reads the topic with the client alone: it counts, and keeps nothing. */
export async function readWithKafkaJs(brokers: readonly string[], group: string, meter: TailMeter): Promise<void> {
  const kafka = new Kafka({ clientId: group, brokers: [...brokers], logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPIC.brokerName, fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatch: ({ batch: { messages } }) => {
      let bytes = 0;
      for (const { value } of messages) bytes += value?.length ?? 0;
      meter.take(messages.length, bytes);
      return Promise.resolve();
    },
  });
  await meter.ended;
  await consumer.disconnect();
}

export async function readWithPlatformatic(brokers: readonly string[], group: string, meter: TailMeter): Promise<void> {
  const consumer = new Consumer({ clientId: group, groupId: group, bootstrapBrokers: [...brokers] });
  const stream = await consumer.consume({
    topics: [TOPIC.brokerName],
    mode: MessagesStreamModes.EARLIEST,
    autocommit: false,
  });
  stream.on('data', ({ value }) => meter.take(1, value.length));
  await meter.ended;
  await stream.close();
  await consumer.close();
}
