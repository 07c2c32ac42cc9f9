import type { AttributeValue, EventRecord } from '../../event.js';
import { type Column, EventBatch, ROUTING_KEY } from '../../event-batch.js';
import { EventIds } from '../../event-ids.js';

const NO_LANE = { topic: '', partition: 0, epoch: '' };
const NO_POSITIONS = { byteLength: 0, at: () => '', indexAfter: () => 0 };

const NO_IDS = EventIds.of([]);

/**
 * Events that are not in a log yet, as the match index wants to see them. Nothing is encoded: a column is made when it
 * is first asked for, so that only attributes which rules look at cost anything.
 */
export class RecordsBatch extends EventBatch {
  private readonly made = new Map<string, Column | undefined>();

  constructor(private readonly records: readonly EventRecord[]) {
    super(
      NO_LANE,
      NO_POSITIONS,
      { count: records.length, appendedMicros: 0, ids: NO_IDS },
      new Uint32Array(0),
      new Float64Array(0),
      new Map<string, Column>(),
      Buffer.alloc(0),
    );
  }

  override column(name: string): Column | undefined {
    if (!this.made.has(name)) this.made.set(name, this.columnOf(name));
    return this.made.get(name);
  }

  override eventIdAt(index: number): string {
    return this.records[index].eventId;
  }

  override valueAt(index: number): Buffer {
    const { value } = this.records[index];
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }

  override recordAt(index: number): EventRecord {
    return this.records[index];
  }

  private columnOf(name: string): Column | undefined {
    const dictionary: AttributeValue[] = [];
    const places = new Map<AttributeValue, number>();
    const index = new Uint32Array(this.records.length);
    this.records.forEach(({ routingKey, attributes }, row) => {
      const value = name === ROUTING_KEY ? routingKey : Object.hasOwn(attributes, name) ? attributes[name] : undefined;
      if (value === undefined) return;
      let place = places.get(value);
      if (place === undefined) {
        place = dictionary.push(value);
        places.set(value, place);
      }
      index[row] = place;
    });
    return dictionary.length === 0 ? undefined : { dictionary, index };
  }
}
