import type { EventBatch } from '../event-batch.js';
import type { ConflationKey } from '../ports/topic-catalog.port.js';

/** Cannot be in a routing key, so that joined parts never collide. */
const SEPARATOR = '\u0000';

/** What names the state that an event is the newest value of. Not to be asked of topics whose key is 'none'. */
export function conflationKeyOf(key: ConflationKey, batch: EventBatch, index: number): string {
  const routingKey = batch.routingKeyAt(index);
  if (typeof key === 'string') return routingKey;
  let text = routingKey;
  for (const attribute of key.attributes) text += SEPARATOR + String(batch.attributeAt(index, attribute) ?? '');
  return text;
}
