import { load } from './install.mjs';
import { platformatic, VERSION } from './platformatic.mjs';
import { until, untilIdle } from './waiting.mjs';

const CONTROL = 0x20;
const TRANSACTIONAL = 0x10;
const ABORT = 0;

/**
 * @platformatic/kafka with a reader of our own on its `fetch`: it names the topic by its id, and decides by itself what
 * was aborted.
 */
export async function ownReader(brokers) {
  const { Consumer } = await load('@platformatic/kafka', VERSION);
  const rest = await platformatic(brokers);

  async function open(topic, { from = 0, maxBytes = 1_048_576 } = {}, onValue) {
    const consumer = new Consumer({ clientId: 'own', groupId: 'own', bootstrapBrokers: brokers, retries: 1 });
    const metadata = await consumer.metadata({ topics: [topic] });
    const { id: topicId, partitions } = metadata.topics.get(topic);
    let offset = BigInt(from);
    let failure;
    let isOpen = true;
    const reading = (async () => {
      while (isOpen) {
        const { responses } = await consumer.fetch({
          node: partitions[0].leader,
          maxBytes,
          minBytes: 1,
          maxWaitTime: 50,
          isolationLevel: 1,
          topics: [{ topicId, partitions: [partition(offset, maxBytes)] }],
        });
        for (const one of responses.flatMap((response) => response.partitions)) offset = take(one, offset, onValue);
      }
    })().catch((error) => (failure = error));
    return {
      get failure() {
        return failure;
      },
      async close() {
        isOpen = false;
        await reading;
        await consumer.close(true).catch(() => undefined);
      },
    };
  }

  return {
    ...rest,
    name: `${rest.name}, own reader`,

    async read(topic, { idleMs = 1_500, ...options }) {
      const values = [];
      let changedMs = performance.now() + 500;
      const reader = await open(topic, options, (value) => {
        values.push(value.toString());
        changedMs = performance.now();
      });
      await untilIdle(() => (reader.failure === undefined ? changedMs : 0), idleMs);
      await reader.close();
      if (reader.failure !== undefined) throw reader.failure;
      return values;
    },

    async follow(topic) {
      const values = [];
      const reader = await open(topic, {}, (value) => values.push(value.toString()));
      return {
        values,
        get failure() {
          return reader.failure;
        },
        close: () => reader.close(),
      };
    },

    async count(topic, expected) {
      let count = 0;
      let startedMs;
      const reader = await open(topic, {}, () => {
        startedMs ??= performance.now();
        count++;
      });
      await until(() => count >= expected, `${expected} events`, 120_000);
      const seconds = (performance.now() - startedMs) / 1000;
      await reader.close();
      return seconds;
    },
  };
}

const partition = (fetchOffset, partitionMaxBytes) => ({
  partition: 0,
  currentLeaderEpoch: -1,
  fetchOffset,
  lastFetchedEpoch: -1,
  partitionMaxBytes,
});

/** Where to read on. As the Java client does it: a producer's batches are aborted from its first offset to its marker. */
function take({ records: batches = [], abortedTransactions = [] }, from, onValue) {
  const coming = [...abortedTransactions].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1));
  const aborted = new Set();
  let next = from;
  for (const { firstOffset, lastOffsetDelta, attributes, producerId, records } of batches) {
    const lastOffset = firstOffset + BigInt(lastOffsetDelta);
    while (coming.length > 0 && coming[0].firstOffset <= lastOffset) aborted.add(coming.shift().producerId);
    if ((attributes & CONTROL) !== 0) {
      if (records[0].key.readInt16BE(2) === ABORT) aborted.delete(producerId);
    } else if ((attributes & TRANSACTIONAL) === 0 || !aborted.has(producerId)) {
      for (const { offsetDelta, value } of records) if (firstOffset + BigInt(offsetDelta) >= from) onValue(value);
    }
    next = lastOffset + 1n;
  }
  return next;
}
