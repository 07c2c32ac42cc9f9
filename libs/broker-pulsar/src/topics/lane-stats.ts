import type { Lane, LaneEnds, Position } from '@distributary/distribution-core';
import { connectionLost } from '../pulsar.errors.js';
import { type MessagePlace, placeOf, positionAt } from '../records/message-position.js';
import type { PulsarWeb } from '../wire/pulsar-web.js';
import type { PulsarNames } from './pulsar-names.js';
import type { PulsarTopic } from './pulsar-topic.js';

interface InternalStats {
  readonly numberOfEntries: number;
  readonly totalSize: number;
  readonly currentLedgerEntries: number;
  /** `ledger:entry`. */
  readonly lastConfirmedEntry: string;
  readonly ledgers: readonly { readonly ledgerId: number; readonly entries: number }[];
}

/** A ledger that is kept, and how many entries it has. */
export interface KeptLedger {
  readonly ledger: number;
  readonly entries: number;
}

export interface LaneStats extends LaneEnds {
  readonly ledgers: readonly KeptLedger[];
  /** Nothing of the lane has expired yet. */
  readonly isWhole: boolean;
}

/** What Pulsar tells of the ledgers of a lane. */
export class LaneStatsFinder {
  constructor(
    private readonly web: PulsarWeb,
    private readonly names: PulsarNames,
  ) {}

  async of(topic: PulsarTopic, partition: number): Promise<LaneStats> {
    const path = `${this.names.lane(topic.name, partition)}/internalStats`;
    const stats = (await this.web.ask({ method: 'GET', path })) as InternalStats;
    return laneStats({ topic: topic.name, partition, epoch: topic.epoch }, stats, topic.firstLedgers[partition]);
  }

  /** Of a lane that is being made: a broker that has not heard of it yet is asked again. */
  async beginning(name: string, partition: number): Promise<{ readonly ledger: number; readonly isEmpty: boolean }> {
    const path = `${this.names.lane(name, partition)}/internalStats`;
    const stats = await this.web.find(path);
    if (stats === undefined) throw connectionLost(`begin ${name}#${partition}`, new Error('it is not there yet'));
    const { ledgers, numberOfEntries } = stats as InternalStats;
    return { ledger: ledgers[0].ledgerId, isEmpty: numberOfEntries === 0 };
  }
}

export function laneStats(lane: Lane, stats: InternalStats, firstLedger: number | undefined): LaneStats {
  const [lastLedger, lastEntry] = stats.lastConfirmedEntry.split(':').map(Number);
  const ledgers = stats.ledgers.map(({ ledgerId, entries }, index) => ({
    ledger: ledgerId,
    // The one that is written to is listed with none.
    entries: index === stats.ledgers.length - 1 ? Math.max(entries, stats.currentLedgerEntries) : entries,
  }));
  const isWhole = firstLedger !== undefined && ledgers[0]?.ledger === firstLedger;
  const events = Math.max(stats.numberOfEntries - (isWhole ? 1 : 0), 0);
  const last: Position = positionAt(lastLedger, lastEntry);
  const filled = ledgers.find(({ entries }) => entries > 0);
  const beforeFirst = events === 0 ? last : beforeFirstOf(filled, isWhole);
  return { lane, beforeFirst, last, events, bytes: events === 0 ? 0 : stats.totalSize, ledgers, isWhole };
}

/** The first entry of a whole lane is no event. */
const beforeFirstOf = (filled: KeptLedger | undefined, isWhole: boolean): Position =>
  positionAt(filled?.ledger ?? 0, isWhole ? 0 : -1);

/** Undefined if there is none, or what lies between may have expired. */
export function entryBehind(after: Position, { ledgers }: LaneStats): MessagePlace | undefined {
  const place = placeOf(after);
  const at = place === undefined ? 0 : ledgers.findIndex(({ ledger }) => ledger === place.ledger);
  if (at < 0) return undefined;
  if (place !== undefined && place.entry + 1 < ledgers[at].entries)
    return { ...place, entry: place.entry + 1, batchIndex: -1 };
  const next = ledgers.slice(place === undefined ? 0 : at + 1).find(({ entries }) => entries > 0);
  return next && { ledger: next.ledger, entry: 0, batchIndex: -1 };
}
