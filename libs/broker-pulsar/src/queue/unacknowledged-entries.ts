import { hasStatus } from '../pulsar.errors.js';
import { placeIn } from '../records/entry-headers.js';
import type { MessagePlace } from '../records/message-position.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb, StoredEntry } from '../wire/pulsar-web.js';
import type { ConsumerPlace } from './consumer-socket.js';

/** Of the oldest. */
const MAX_LOOKED_AT = 100;
const NOT_FOUND = 404;

/** The oldest entries of a lane that nobody has acknowledged to a subscription, oldest first, each with where it lies. */
export async function* unacknowledgedEntries(
  web: Pick<PulsarWeb, 'entryAt'>,
  names: PulsarNames,
  { lane, subscription }: ConsumerPlace,
): AsyncGenerator<{ readonly entry: StoredEntry; readonly place: MessagePlace }, void, void> {
  const path = `${names.lane(lane.topic, lane.partition)}/subscription/${subscription}/position`;
  for (let number = 1; number <= MAX_LOOKED_AT; number++) {
    const entry = await peek(web, `${path}/${number}`);
    const place = entry && placeIn(entry.headers);
    if (entry === undefined || place === undefined) return;
    yield { entry, place };
  }
}

/** Undefined behind the last. */
async function peek(web: Pick<PulsarWeb, 'entryAt'>, path: string): Promise<StoredEntry | undefined> {
  try {
    return await web.entryAt(path);
  } catch (error) {
    if (hasStatus(error, NOT_FOUND)) return undefined;
    throw error;
  }
}
