import { type EventBatch, ROUTING_KEY } from '../event-batch.js';
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

/**
 * A number for each event of a batch: what has the same number has the same {@link conflationKeyOf}. Made of the places in the
 * dictionaries, without a text. NaN where there are too many of them for a number.
 */
export function conflationCodes(key: ConflationKey, batch: EventBatch): (index: number) => number {
  const names = typeof key === 'string' ? [] : key.attributes;
  const columns = [ROUTING_KEY, ...names].flatMap((name) => batch.column(name) ?? []);
  const codes = columns.reduce((product, { dictionary }) => product * (dictionary.length + 1), 1);
  if (!Number.isSafeInteger(codes)) return () => Number.NaN;
  return (index) => {
    let code = 0;
    for (let at = 0; at < columns.length; at++) {
      code = code * (columns[at].dictionary.length + 1) + columns[at].index[index];
    }
    return code;
  };
}
