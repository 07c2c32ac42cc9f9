import { UsageError } from '../command-line.js';
import { shareProblem, type TopicShare } from '../topic-share.js';

export const BROKERS = ['embedded', 'pulsar'] as const;
export type BrokerName = (typeof BROKERS)[number];

export interface MarketOptions {
  readonly brokers: readonly BrokerName[];
  readonly fanOut: FanOutOptions;
  readonly conflation: ConflationOptions;
  readonly warmUpSeconds: number;
  /** Measured, of each run. */
  readonly seconds: number;
  /** At the rate that was kept, on the same service and broker. */
  readonly runs: number;
  readonly producers: number;
  /** How long a batch waits for more events. */
  readonly lingerMs: number;
  /** Gateways behind one port, with what they need beside them; 1: one process does everything. */
  readonly processes: number;
  /** The service on CPU 0, the load on CPU 1; Pulsar wherever there is room. Not of several processes. */
  readonly pin: boolean;
  /** Where the service leaves profiles of its processor time; absent: none. */
  readonly profileFolder?: string;
  /** Of a Pulsar that is there already; undefined: one of our own. */
  readonly pulsarUrl?: string;
}

/** Trades of many symbols, of which each subscriber has a set of its own. */
export interface FanOutOptions {
  readonly subscribers: number;
  readonly symbols: number;
  readonly symbolsEach: number;
  /** Deliveries per second, falling: the first that is kept is measured. */
  readonly rates: readonly number[];
}

/** Quotes of few symbols that all subscribers have, conflated. */
export interface ConflationOptions {
  readonly subscribers: number;
  readonly symbols: number;
  /** Quotes per second of each symbol, falling: as above. */
  readonly rates: readonly number[];
  /** Of each symbol and subscriber, at most, over all symbols of a subscriber together. */
  readonly updatesPerSecond: number;
}

/** A prime, so that the symbols of a subscriber are spread over all of them. */
const APART = 97;

/** No two subscribers have the same symbols, unless there are more of them than symbols. */
export function shareOf({ subscribers, symbols, symbolsEach }: FanOutOptions): TopicShare {
  return { each: symbolsEach, step: Math.max(1, Math.floor(symbols / subscribers)), apart: APART };
}

export const symbolNames = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `S${String(index).padStart(5, '0')}`);

/** Throws a {@link UsageError} that says what is wrong. */
export function checkMarketOptions({ fanOut }: MarketOptions): void {
  const problem = shareProblem(fanOut.symbols, shareOf(fanOut));
  if (problem !== undefined) throw new UsageError(`--symbols and --symbols-each: ${problem}`);
}
