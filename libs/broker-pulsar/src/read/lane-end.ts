import type { Position } from '@distributary/distribution-core';
import { isGiven } from '../records/entry-headers.js';
import { type MessagePlace, placeOf, positionOf } from '../records/message-position.js';
import type { LaneStats } from '../topics/lane-stats.js';
import type { PulsarTopic } from '../topics/pulsar-topic.js';
import type { PulsarNames } from '../topics/pulsar-names.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';

/** Entries at the end of a lane that are looked behind, before one is told that no reader is given. */
const MAX_STEPS = 256;
const MAX_KNOWN = 10_000;

/** Where lanes end for readers. */
export class LaneEndFinder {
  /** By lane: what was found before an end that was asked for already. */
  private readonly known = new Map<string, { readonly last: Position; readonly given: Position }>();

  constructor(
    private readonly web: Pick<PulsarWeb, 'entryAt'>,
    private readonly names: PulsarNames,
  ) {}

  /** Of the last entry that readers are given. Topics of ours have no others; if it cannot be told, that of the last of all. */
  async of({ name, isOurs }: PulsarTopic, stats: LaneStats): Promise<Position> {
    const { last, events, lane } = stats;
    if (isOurs || events === 0) return last;
    const path = this.names.lane(name, lane.partition);
    const known = this.known.get(path);
    if (known?.last === last) return known.given;
    const given = await this.lastGiven(path, stats).catch(() => undefined);
    if (given === undefined) return last;
    if (this.known.size >= MAX_KNOWN) this.known.clear();
    this.known.set(path, { last, given });
    return given;
  }

  /** Undefined if it lies further back than is looked. */
  private async lastGiven(path: string, stats: LaneStats): Promise<Position | undefined> {
    let place = placeOf(stats.last);
    for (let step = 0; step < MAX_STEPS; step++) {
      if (place === undefined) return stats.beforeFirst;
      const { headers } = await this.web.entryAt(`${path}/ledger/${place.ledger}/entry/${place.entry}`);
      if (isGiven(headers)) return positionOf(place);
      place = entryBefore(place, stats);
    }
    return undefined;
  }
}

/** Undefined if there is none. */
function entryBefore({ ledger, entry }: MessagePlace, { ledgers }: LaneStats): MessagePlace | undefined {
  if (entry > 0) return { ledger, entry: entry - 1, batchIndex: -1 };
  const before = ledgers.findLast((each) => each.ledger < ledger && each.entries > 0);
  return before && { ledger: before.ledger, entry: before.entries - 1, batchIndex: -1 };
}
