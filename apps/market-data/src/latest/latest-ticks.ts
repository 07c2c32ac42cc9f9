import {
  type Clock,
  type Counter,
  type EventBatch,
  type EventRecord,
  type Gauge,
  type Metrics,
  noMetrics,
  TARGETS_ATTRIBUTE,
  type TopicDefinition,
} from '@distributary/distribution-core';
import { LRUCache } from 'lru-cache';
import { RECEIPTS } from '../events/default-topics.js';
import { MAX_AHEAD_MS } from '../manners/tick-order.js';

/** By the catalog's name. One that was deleted and created again is another one. */
export type TickTopic = Pick<TopicDefinition, 'name' | 'catalogVersion'>;

/** One event that holds a price, and where it was. */
export interface Tick {
  readonly topic: TickTopic;
  readonly record: EventRecord;
}

const MAX_SYMBOLS = 100_000;
/** Ordinary events of as many symbols take less; one event may have 256 KiB. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Exchanges times data types: more than any symbol has. */
const MAX_TICKS_OF_SYMBOL = 64;

/**
 * The newest trade, quote and bar of each symbol at each exchange, from what passes through this process. By the time of the
 * event: what comes late does not replace what happened after it. What claims to happen more than {@link MAX_AHEAD_MS} from now
 * counts as older than all others until then. What is for some subscribers alone is left out: who asks names no service. Ticks
 * of a topic go with it.
 * Beyond its bounds, the symbols go that were silent the longest.
 */
export class LatestTicks {
  private readonly symbols: LRUCache<string, Map<string, Tick>>;
  private readonly held: Gauge;
  private readonly forgotten: Counter;
  private bytes = 0;
  /** Told of each symbol that has something new, as often as a batch has. */
  onChanged: (tenant: string, symbol: string) => void = () => undefined;
  isThere: (topic: TickTopic) => boolean = () => true;

  constructor(
    private readonly clock: Pick<Clock, 'nowMicros'>,
    metrics: Metrics = noMetrics,
    maxSymbols = MAX_SYMBOLS,
    private readonly maxBytes = MAX_BYTES,
  ) {
    this.symbols = new LRUCache({
      max: maxSymbols,
      dispose: (ticks) => {
        for (const { record } of ticks.values()) this.bytes -= record.value.length;
        this.forgotten.add();
      },
    });
    this.forgotten = metrics.counter('latest_symbols_forgotten_total', 'Symbols whose newest was forgotten for room');
    this.held = metrics.gauge('latest_symbols', 'Symbols whose newest trade, quote or bar is held');
  }

  /** Of all types and exchanges, as they came. Empty if nothing was heard of it. `tenant`: whose topics count. */
  of(tenant: string, symbol: string): readonly Tick[] {
    const ticks = this.symbols.get(keyOf(tenant, symbol));
    if (ticks === undefined) return [];
    this.forgetGone(ticks);
    return [...ticks.values()];
  }

  /** The one of them that happened last. */
  newestOf(tenant: string, symbol: string, isWanted: (tick: Tick) => boolean = () => true): Tick | undefined {
    const believed = this.believedMicros();
    return this.of(tenant, symbol)
      .filter(isWanted)
      .reduce<Tick | undefined>((newest, tick) => {
        if (newest === undefined) return tick;
        return isBehind(newest.record.timeMicros, tick.record.timeMicros, believed) ? tick : newest;
      }, undefined);
  }

  /**
   * Only the newest of each type and symbol in a batch is looked at: most of a batch is passed over. `skip`: copies that no
   * subscriber is sent.
   */
  apply(batch: EventBatch, topic: TickTopic, tenant: string, skip?: Uint8Array): void {
    const symbols = batch.column('symbol');
    const exchanges = batch.column('exchange');
    const types = batch.column('data_type');
    if (symbols === undefined || exchanges === undefined || types === undefined) return;
    const hasPrice = types.dictionary.map((type) => type !== 'STATUS' && type !== RECEIPTS);
    const exchangePlaces = exchanges.dictionary.length + 1;
    const typePlaces = types.dictionary.length + 1;
    const late = batch.column('late');
    const targets = batch.column(TARGETS_ATTRIBUTE);
    const newest = new Map<number, number>();
    const believed = this.believedMicros();
    for (let index = 0; index < batch.count; index++) {
      const [symbol, exchange, type] = [symbols.index[index], exchanges.index[index], types.index[index]];
      if (symbol === 0 || exchange === 0 || type === 0 || !hasPrice[type - 1] || skip?.[index] === 1) continue;
      if (targets !== undefined && targets.index[index] !== 0) continue;
      const place = (symbol * exchangePlaces + exchange) * typePlaces + type;
      const before = newest.get(place);
      const isLate = late !== undefined && late.index[index] !== 0;
      const micros = batch.timeMicrosAt(index);
      if (before === undefined || !isBehind(micros, batch.timeMicrosAt(before), believed, isLate)) {
        newest.set(place, index);
      }
    }
    for (const index of newest.values()) this.take(batch.recordAt(index), topic, tenant, believed);
    this.held.set(this.symbols.size);
  }

  /** Up to when times are believed. */
  private believedMicros(): number {
    return this.clock.nowMicros() + MAX_AHEAD_MS * 1_000;
  }

  private take(record: EventRecord, { name, catalogVersion }: TickTopic, tenant: string, believed: number): void {
    const { symbol, exchange, data_type: dataType } = record.attributes;
    const key = keyOf(tenant, String(symbol));
    let ticks = this.symbols.get(key);
    if (ticks === undefined) this.symbols.set(key, (ticks = new Map()));
    const place = `${String(dataType)} ${String(exchange)}`;
    const known = ticks.get(place);
    if (known === undefined || !this.isThere(known.topic)) this.forgetGone(ticks);
    const before = ticks.get(place);
    const isPassedOver =
      before === undefined
        ? ticks.size >= MAX_TICKS_OF_SYMBOL
        : isBehind(record.timeMicros, before.record.timeMicros, believed, record.attributes.late === true);
    if (isPassedOver) return;
    // The batch would be held by it.
    ticks.set(place, { topic: { name, catalogVersion }, record: { ...record, value: Buffer.from(record.value) } });
    this.bytes += record.value.length - (before?.record.value.length ?? 0);
    while (this.bytes > this.maxBytes) this.symbols.pop();
    this.onChanged(tenant, String(symbol));
  }

  private forgetGone(ticks: Map<string, Tick>): void {
    for (const [place, { topic, record }] of ticks) {
      if (this.isThere(topic)) continue;
      ticks.delete(place);
      this.bytes -= record.value.length;
    }
  }
}

const keyOf = (tenant: string, symbol: string): string => `${tenant}\n${symbol}`;

/** Whether the first happened before the second, of which both may lie in a future that is not believed. Of one time the late one did. */
function isBehind(micros: number, other: number, believed: number, isLate = false): boolean {
  if (isLate && micros === other) return true;
  if (micros > believed) return other <= believed;
  return other <= believed && micros < other;
}
