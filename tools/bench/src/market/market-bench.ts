import type { Doors } from '../doors.js';
import { runFanOut } from '../fan-out-run.js';
import { type MachineFacts, machineFacts } from '../machine.js';
import { isKept } from '../performance/peak.js';
import type { RunFigures } from '../run-figures.js';
import type { ServerProcess } from '../server-process.js';
import { startPulsar } from '../stack-servers.js';
import { type TopicShare, topicsOf } from '../topic-share.js';
import { type KeptRate, keptRate } from './kept-rate.js';
import { type BrokerName, type MarketOptions, shareOf, symbolNames } from './market-options.js';
import { MARKET_INGEST_PATH, MARKET_STREAM_PATH, startMarketDataService } from './market-service.js';

/**
 * The market data service on the log in files, and on a real Pulsar:
 *
 *                POST batches  ┌─ market data service ─┐  WebSocket × N
 *   ┌───────────┐  ───────────▶│ ingest       fan-out  │────────────────▶ load client
 *   │ publisher │              └───┬─────────────▲─────┘    fan-out: trades of 10,000 symbols, 100 for each
 *   └───────────┘                  ▼             │          conflation: quotes of 100 symbols, ten a second of each
 *                              files, or Pulsar of one broker
 */
export interface MarketResult {
  readonly bench: 'market';
  readonly machine: MachineFacts;
  readonly options: MarketOptions;
  readonly brokers: readonly BrokerResult[];
}

export interface BrokerResult {
  readonly broker: BrokerName;
  /** Rates are deliveries per second. */
  readonly fanOut: KeptRate;
  /** Rates are quotes per second of each symbol. */
  readonly conflation: KeptRate;
}

/** What is taken from a source late by more than this is not kept up with. */
const KEPT_P99_MS = 500;
/** A service that has just started compiles what it runs; of it, nothing is told. */
const COMPILING_SECONDS = 2;

export async function marketBench(
  options: MarketOptions,
  onRun: (what: string, rate: number, run: RunFigures) => void,
): Promise<MarketResult> {
  const brokers: BrokerResult[] = [];
  for (const broker of options.brokers) brokers.push(await onBroker(broker, options, onRun));
  return { bench: 'market', machine: machineFacts(), options, brokers };
}

async function onBroker(
  broker: BrokerName,
  options: MarketOptions,
  onRun: (what: string, rate: number, run: RunFigures) => void,
): Promise<BrokerResult> {
  const pulsar = broker === 'pulsar' && options.pulsarUrl === undefined ? await startPulsar() : undefined;
  try {
    const url = broker === 'pulsar' ? (pulsar?.url ?? options.pulsarUrl) : undefined;
    const env: Record<string, string> =
      url === undefined ? {} : { PULSAR_URL: url, PULSAR_NAMESPACE: `bench-${process.pid}` };
    const service = await startMarketDataService({
      cpu: options.pin ? 0 : undefined,
      env,
      processes: options.processes,
      profileFolder: options.profileFolder,
    });
    try {
      const { fanOut, conflation, runs } = options;
      const told = async (what: string, rate: number, run: Promise<RunFigures>) => {
        onRun(`${broker}, ${what}`, rate, await run);
        return run;
      };
      await fanOutRun(service, options, fanOut.rates[fanOut.rates.length - 1], COMPILING_SECONDS);
      return {
        broker,
        fanOut: await keptRate(
          fanOut.rates,
          runs,
          (rate) => told('fan-out', rate, fanOutRun(service, options, rate)),
          isKept,
        ),
        conflation: await keptRate(
          conflation.rates,
          runs,
          (rate) => told('conflation', rate, conflationRun(service, options, rate)),
          ({ unsent, fromScheduled }) => unsent === 0 && fromScheduled.p99 <= KEPT_P99_MS,
        ),
      };
    } finally {
      await service.stop();
    }
  } finally {
    await pulsar?.stop();
  }
}

function fanOutRun(
  service: ServerProcess,
  options: MarketOptions,
  deliveriesPerSecond: number,
  seconds = options.seconds,
): Promise<RunFigures> {
  const { fanOut, warmUpSeconds, producers, lingerMs, pin } = options;
  const topics = symbolNames(fanOut.symbols);
  const share = shareOf(fanOut);
  return runFanOut(service, doorsTo(topics, share, { data_types: 'TRADE', slow_policy: 'block' }), {
    ...{ topics, share, kind: 'TRADE', keys: 1, deliveriesPerSecond, subscribers: fanOut.subscribers },
    ...{ warmUpSeconds, seconds, producers, lingerMs, loadCpu: pin ? 1 : undefined },
  });
}

function conflationRun(service: ServerProcess, options: MarketOptions, rate: number): Promise<RunFigures> {
  const { conflation, warmUpSeconds, seconds, producers, lingerMs, pin } = options;
  const { subscribers, symbols, updatesPerSecond } = conflation;
  const topics = symbolNames(symbols);
  const share = { each: symbols, step: 1, apart: 1 };
  const wanted = { data_types: 'QUOTE', slow_policy: 'conflate', max_rate: String(symbols * updatesPerSecond) };
  return runFanOut(service, doorsTo(topics, share, wanted), {
    ...{ topics, share, kind: 'QUOTE', keys: 1, conflates: true, subscribers },
    // Of each quote each subscriber gets it, or one that stands for it.
    deliveriesPerSecond: rate * symbols * subscribers,
    ...{ warmUpSeconds, seconds, producers, lingerMs, loadCpu: pin ? 1 : undefined },
  });
}

function doorsTo(symbols: readonly string[], share: TopicShare, query: Readonly<Record<string, string>>): Doors {
  return {
    ingestPath: MARKET_INGEST_PATH,
    streamPath: (_topic, subscriber) => {
      const own = topicsOf(subscriber, symbols.length, share).map((topic) => symbols[topic]);
      return `${MARKET_STREAM_PATH}?${new URLSearchParams({ symbols: own.join(','), ...query }).toString()}`;
    },
  };
}
