import type { MarketDataEventInput } from '@distributary/contracts';
import type { Clock, IdSource } from '@distributary/distribution-core';
import {
  type EventPublisher,
  type FailureLog,
  isoOfMicros,
  RepeatingTask,
  type Schedule,
} from '@distributary/distribution-service';
import { HISTORY_SOURCE, indexBars, lastSharePrices } from './price-history.js';
import { TickGenerator } from './tick-generator.js';

export interface DemoFeedOptions {
  readonly ticksPerSecond: number;
  /** Of several processes, one makes the ticks. */
  readonly speaks: () => boolean;
}

type Bar = Extract<MarketDataEventInput, { data_type: 'BAR' }>;

const TURNS_PER_SECOND = 10;
/** A year of trading passes in about half a minute. */
const BARS_PER_SECOND = 8;

/**
 * Something to look at where no feed is connected: ticks that are made up and say so, and the days of a real index,
 * replayed from the first one. What the broker does not take is dropped: the next ones are a moment away.
 */
export class DemoFeed implements Schedule {
  private readonly schedule: RepeatingTask;
  private readonly run: string;
  private generator: TickGenerator | undefined;
  private bars: readonly Bar['data'][] = [];
  private nextBar = 0;
  private owedTicks = 0;
  private owedBars = 0;

  constructor(
    private readonly publisher: EventPublisher<MarketDataEventInput>,
    private readonly clock: Clock,
    private readonly ids: IdSource,
    private readonly options: DemoFeedOptions,
    log?: FailureLog,
  ) {
    this.run = ids.uuid();
    this.schedule = new RepeatingTask('demo-feed', 1_000 / TURNS_PER_SECOND, clock, () => this.turn(), log);
  }

  start(): void {
    this.schedule.start();
  }

  stop(): Promise<void> {
    return this.schedule.stop();
  }

  private async turn(): Promise<void> {
    if (!this.options.speaks()) return;
    this.generator ??= await this.open();
    const timestamp = isoOfMicros(this.clock.nowMicros());
    const events: MarketDataEventInput[] = [];
    this.owedTicks += this.options.ticksPerSecond / TURNS_PER_SECOND;
    for (; this.owedTicks >= 1; this.owedTicks--) events.push(this.generator.next(timestamp));
    this.owedBars += BARS_PER_SECOND / TURNS_PER_SECOND;
    for (; this.owedBars >= 1 && this.nextBar < this.bars.length; this.owedBars--) events.push(this.replayed());
    if (events.length > 0) await this.publisher.publish(events);
  }

  private async open(): Promise<TickGenerator> {
    const [bars, prices] = await Promise.all([indexBars(), lastSharePrices()]);
    this.bars = bars;
    return new TickGenerator(prices, () => this.ids.random());
  }

  private replayed(): MarketDataEventInput {
    const number = this.nextBar++;
    return {
      event_id: `${HISTORY_SOURCE}:${this.run}:${number}`,
      data_type: 'BAR',
      data: this.bars[number],
      metadata: { source: HISTORY_SOURCE, replayed: true },
    };
  }
}
