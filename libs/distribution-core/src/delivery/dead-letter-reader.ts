import type { EventBatch } from '../event-batch.js';
import type { DeadLetter } from '../ports/dead-letter-store.port.js';
import type { Log } from '../ports/log.port.js';

const READ_BYTES = 256 * 1024;
/** The broker's clock and ours may differ by this much. */
const CLOCK_MARGIN_MICROS = 5_000_000;

/** The event of a letter, or undefined if the topic does not keep it any more. */
export async function readLetter(
  log: Log,
  brokerTopic: string,
  { letter, buriedMicros }: Pick<DeadLetter, 'letter' | 'buriedMicros'>,
): Promise<{ readonly batch: EventBatch; readonly index: number } | undefined> {
  const ends = (await log.ends(brokerTopic))[letter.partition];
  if (ends === undefined || ends.lane.epoch !== letter.epoch || letter.position <= ends.beforeFirst) return undefined;
  const found = await log.seek(brokerTopic, letter.partition, buriedMicros - CLOCK_MARGIN_MICROS);
  let after = found < letter.position && found >= ends.beforeFirst ? found : ends.beforeFirst;
  for (;;) {
    const batches = await log.read({ topic: brokerTopic, partition: letter.partition, after }, READ_BYTES);
    if (batches.length === 0) return undefined;
    for (const batch of batches) {
      if (batch.lastPosition < letter.position) continue;
      for (let index = 0; index < batch.count; index++) {
        if (batch.positions.at(index) === letter.position) return { batch, index };
      }
      return undefined;
    }
    after = batches[batches.length - 1].lastPosition;
  }
}
