import type { Position } from '@distributary/distribution-core';
import type { PulsarMetrics } from '../pulsar-metrics.js';
import { isFirstPiece, valueBytesIn } from '../records/entry-headers.js';
import { writeMessageId } from '../records/message-id.js';
import { type MessagePlace, positionOf } from '../records/message-position.js';
import { unpacked } from '../records/packed-entry.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import { MAX_FRAME_BYTES, type PulsarWeb, type StoredEntry } from '../wire/pulsar-web.js';
import type { ConsumerPlace } from './consumer-socket.js';
import { unacknowledgedEntries } from './unacknowledged-entries.js';

/** Of a frame, beside the value and the properties. */
const OTHER_FIELDS_BYTES = 1024;

/** Messages of a lane larger than the frames that are taken: whoever is given one loses its socket. */
export class OversizeMessages {
  /** Counted up to here: they are found again if Pulsar had not heard yet that they are acknowledged. */
  private counted: Position = '';

  constructor(
    private readonly web: Pick<PulsarWeb, 'entryAt'>,
    private readonly names: PulsarNames,
    private readonly metrics: Pick<PulsarMetrics, 'passedOversize'>,
  ) {}

  /** The ids of their entries that nobody has acknowledged; whoever was given them, no process can take them. */
  async find(consumer: ConsumerPlace): Promise<readonly string[]> {
    const messageIds: string[] = [];
    for await (const { entry, place } of unacknowledgedEntries(this.web, this.names, consumer)) {
      if (frameBytesOf(entry, place, consumer.lane.partition) <= MAX_FRAME_BYTES) continue;
      messageIds.push(writeMessageId(place));
      const position = positionOf(place);
      if (position <= this.counted) continue;
      this.counted = position;
      if (isFirstPiece(entry.headers)) this.metrics.passedOversize();
    }
    return messageIds;
  }
}

/** At most; of the largest message if several were packed into the entry. */
function frameBytesOf(entry: StoredEntry, place: MessagePlace, partition: number): number {
  const { headers, body } = entry;
  const texts = unpacked(entry, place, partition)?.map(({ message }) => message.payload.length);
  const valueBytes = Math.max(body.length, valueBytesIn(headers));
  const text = texts?.reduce((most, each) => Math.max(most, each), 0) ?? 4 * Math.ceil(valueBytes / 3);
  return text + String(headers['x-pulsar-property'] ?? '').length + OTHER_FIELDS_BYTES;
}
