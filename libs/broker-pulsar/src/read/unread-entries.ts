import type { Position } from '@distributary/distribution-core';
import type { PlacedMessage } from '../records/message-batch.js';
import { entryOf, type MessagePlace, placeOf, positionOf } from '../records/message-position.js';
import { isPassedOver, lastOf, nullMessage } from '../records/entry-headers.js';
import { unpacked } from '../records/packed-entry.js';
import { entryBehind, type LaneStatsFinder } from '../topics/lane-stats.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { ReadPlace } from './lane-place.js';

/** What lies behind a place at which a reader is given nothing. */
export interface Unread {
  /** Of the last entry; undefined if the reader stands behind it. */
  readonly last?: Position;
  /** Which come next, and which no reader is given. */
  readonly ungiven: readonly PlacedMessage[];
}

const NOTHING: Unread = { ungiven: [] };
const MAX_AT_ONCE = 100;
/** Of packed entries. Beyond, others are looked at when these were taken. */
const MAX_BYTES = 1024 * 1024;

/**
 * Finds where a reader stands still: at messages without a value, which it is not given. Where one was packed with others,
 * those behind it in the entry are not given, either.
 */
export class UnreadEntries {
  constructor(
    private readonly web: Pick<PulsarWeb, 'entryAt'>,
    private readonly names: PulsarNames,
    private readonly stats: Pick<LaneStatsFinder, 'of'>,
  ) {}

  /** The entry that comes next; undefined if there is none, or if the topic is ours. */
  async next({ topic, lane, after }: ReadPlace): Promise<Position | undefined> {
    const next = topic.isOurs ? undefined : entryBehind(after, await this.stats.of(topic, lane.partition));
    return next && positionOf(next);
  }

  /** Topics of ours have none. A look that fails says nothing of them. */
  behind(place: ReadPlace): Promise<Unread> {
    return place.topic.isOurs ? Promise.resolve(NOTHING) : this.look(place).catch(() => NOTHING);
  }

  /** Nothing lies behind it in the entry at which it stands. */
  async isBehindEntry(place: ReadPlace): Promise<boolean> {
    const entry = placeWithin(place.after);
    return entry === undefined || (await this.ungivenOf(entry, place))?.messages.length === 0;
  }

  private async look(place: ReadPlace): Promise<Unread> {
    const { topic, lane, after } = place;
    const stats = await this.stats.of(topic, lane.partition);
    const isBehindEntry = await this.isBehindEntry(place);
    if ((isBehindEntry && entryOf(after) >= stats.last) || stats.events === 0) return NOTHING;
    const ungiven: PlacedMessage[] = [];
    let next = isBehindEntry ? entryBehind(after, stats) : placeWithin(after);
    let bytes = 0;
    for (let looked = 0; next !== undefined && looked < MAX_AT_ONCE && bytes < MAX_BYTES; looked++) {
      const found = await this.ungivenOf(next, place);
      if (found === undefined) break;
      for (const message of found.messages) ungiven.push(message);
      bytes += found.bytes;
      next = entryBehind(positionOf(next), stats);
    }
    return { last: stats.last, ungiven };
  }

  /** Which messages of an entry no reader is given, although they are for readers; undefined if readers are given them. */
  private async ungivenOf(at: MessagePlace, { topic, lane, after }: ReadPlace) {
    const path = `${this.names.lane(topic.name, lane.partition)}/ledger/${at.ledger}/entry/${at.entry}`;
    const entry = await this.web.entryAt(path);
    const bytes = entry.body.length;
    const single = nullMessage(entry.headers, at);
    if (single !== undefined) return { messages: [single], bytes };
    if (isPassedOver(entry.headers) || after >= positionOf(lastOf(entry.headers, at))) return { messages: [], bytes };
    const messages = unpacked(entry, at, lane.partition)?.filter(({ position }) => position > after);
    return messages?.some(({ isWithoutValue }) => isWithoutValue) ? { messages, bytes } : undefined;
  }
}

/** The entry of which this is one of several messages. */
function placeWithin(position: Position): MessagePlace | undefined {
  const place = placeOf(position);
  return place === undefined || place.batchIndex < 0 ? undefined : { ...place, batchIndex: -1 };
}
