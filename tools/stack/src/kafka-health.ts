import kafkajs, { type Admin } from 'kafkajs';
import { answerTo } from './tcp-answer.js';

const SETTLED_WITHIN_MS = 60_000;
const POLL_MS = 100;

/** ApiVersions, version 0: the first thing that a client asks, answered as soon as the broker takes requests. */
export async function answersApiVersions(port: number): Promise<boolean> {
  const answer = await answerTo(port, Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff]));
  // Correlation id 1, error code 0.
  return answer !== undefined && answer.length >= 10 && answer.readInt32BE(4) === 1 && answer.readInt16BE(8) === 0;
}

/** A broker answers a moment before it may lead; until then no topic can be created with copies on it. */
export async function untilBrokerServes(address: string, nodeId: number): Promise<void> {
  const { Kafka, logLevel } = kafkajs;
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING, retry: { retries: 1 } }).admin();
  const endMs = performance.now() + SETTLED_WITHIN_MS;
  try {
    while (!(await isKnown(admin, nodeId))) {
      if (performance.now() > endMs) throw new Error(`the broker at ${address} is not taken into its cluster`);
      await new Promise((resolve) => {
        setTimeout(resolve, POLL_MS);
      });
    }
  } finally {
    await admin.disconnect();
  }
}

async function isKnown(admin: Admin, nodeId: number): Promise<boolean> {
  try {
    await admin.connect();
    return (await admin.describeCluster()).brokers.some((broker) => broker.nodeId === nodeId);
  } catch {
    return false;
  }
}
