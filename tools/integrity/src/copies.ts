import { brokerNameOf, type EventBatch } from '@distributary/distribution-core';
import { eventOfId } from './key-producer.js';
import type { LossLedger } from './loss-ledger.js';
import type { Stage } from './stage/stage.js';

const READ_BYTES = 1024 * 1024;

/** A producer that did not know whether a batch was safe published it again, and knows where the last copy lies. */
export async function tellCopies(stage: Stage, topic: string, run: string, ledger: LossLedger): Promise<void> {
  const log = await stage.openLog();
  try {
    const brokerTopic = brokerNameOf(topic);
    for (const { lane, beforeFirst } of await log.ends(brokerTopic)) {
      const start = { topic: brokerTopic, partition: lane.partition };
      for (let after = beforeFirst; ;) {
        const batches = await log.read({ ...start, after }, READ_BYTES);
        if (batches.length === 0) break;
        for (const batch of batches) tellCopiesOf(batch, `${topic}#${lane.partition}`, run, ledger);
        after = batches[batches.length - 1].lastPosition;
      }
    }
  } finally {
    await log.close();
  }
}

function tellCopiesOf(batch: EventBatch, lane: string, run: string, ledger: LossLedger): void {
  batch.eventIds.forEach((eventId, index) => {
    const event = eventOfId(run, eventId);
    if (event === undefined) return;
    ledger.copied(event.key, event.sequence, { lane, epoch: batch.lane.epoch, position: batch.positions.at(index) });
  });
}
