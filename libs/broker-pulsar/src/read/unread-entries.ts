import type { Position } from '@distributary/distribution-core';
import type { PlacedMessage } from '../records/message-batch.js';
import { entryOf, type MessagePlace, placeOf, positionOf } from '../records/message-position.js';
import { isPassedOver, nullMessage, PACKED } from '../records/entry-headers.js';
import { entryBehind, type LaneStatsFinder } from '../topics/lane-stats.js';
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

  /** The entry that comes next; undefined if there is none, or if the topic is ours. */
  async next({ topic, lane, after }: ReadPlace): Promise<Position | undefined> {
    const next = topic.isOurs ? undefined : entryBehind(after, await this.stats.of(topic, lane.partition));
    return next && positionOf(next);
  }

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
