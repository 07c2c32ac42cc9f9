import type { Position } from '@distributary/distribution-core';
import type { PlacedMessage } from '../records/message-batch.js';
import { entryOf, type MessagePlace, placeOf, positionOf } from '../records/message-position.js';
import { isPassedOver, nullMessage, PACKED } from '../records/entry-headers.js';
import type { LaneStats, LaneStatsFinder } from '../topics/lane-stats.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { ReadPlace } from './lane-place.js';

/** What lies behind a place at which a reader is given nothing. */
export interface Unread {
  /** Of the last entry; undefined if the reader stands behind it. */
  readonly last?: Position;
  /** Which come next, and which no reader is given. */
  readonly withoutValue: readonly PlacedMessage[];
}

const NOTHING: Unread = { withoutValue: [] };
const MAX_AT_ONCE = 100;

/** Finds where a reader stands still: at messages without a value, which it is not given. */
export class UnreadEntries {
  constructor(
    private readonly web: Pick<PulsarWeb, 'headersOf'>,
    private readonly names: PulsarNames,
    private readonly stats: Pick<LaneStatsFinder, 'of'>,
  ) {}

  /** Topics of ours have none. A look that fails says nothing of them. */
  behind(place: ReadPlace): Promise<Unread> {
    return place.topic.isOurs ? Promise.resolve(NOTHING) : this.look(place).catch(() => NOTHING);
  }

  private async look({ topic, lane, after }: ReadPlace): Promise<Unread> {
    const stats = await this.stats.of(topic, lane.partition);
    if (entryOf(after) >= stats.last || stats.events === 0) return NOTHING;
    const withoutValue: PlacedMessage[] = [];
    const path = this.names.lane(topic.name, lane.partition);
    let next = (await this.isAtEndOfEntry(path, after)) ? entryBehind(after, stats) : undefined;
    for (let looked = 0; next !== undefined && looked < MAX_AT_ONCE; looked++) {
      const headers = await this.headersOf(path, next);
      const message = nullMessage(headers, next);
      if (message !== undefined) withoutValue.push(message);
      else if (!isPassedOver(headers)) break;
      next = entryBehind(positionOf(next), stats);
    }
    return { last: stats.last, withoutValue };
  }

  private async isAtEndOfEntry(path: string, after: Position): Promise<boolean> {
    const place = placeOf(after);
    if (place === undefined || place.batchIndex < 0) return true;
    return place.batchIndex >= Number((await this.headersOf(path, place))[PACKED]) - 1;
  }

  private headersOf(path: string, { ledger, entry }: MessagePlace) {
    return this.web.headersOf(`${path}/ledger/${ledger}/entry/${entry}`);
  }
}

/** Undefined if there is none, or what lies between may have expired. */
function entryBehind(after: Position, { ledgers }: LaneStats): MessagePlace | undefined {
  const place = placeOf(after);
  const at = place === undefined ? 0 : ledgers.findIndex(({ ledger }) => ledger === place.ledger);
  if (at < 0) return undefined;
  if (place !== undefined && place.entry + 1 < ledgers[at].entries)
    return { ...place, entry: place.entry + 1, batchIndex: -1 };
  const next = ledgers.slice(place === undefined ? 0 : at + 1).find(({ entries }) => entries > 0);
  return next && { ledger: next.ledger, entry: 0, batchIndex: -1 };
}
