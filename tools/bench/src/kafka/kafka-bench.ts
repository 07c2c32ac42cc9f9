import path from 'node:path';
import { ChildProgram } from '../child-program.js';
import { DOORS } from '../doors.js';
import { runFanOut, type RunPlan } from '../fan-out-run.js';
import type { RunFigures } from '../run-figures.js';
import { type MachineFacts, machineFacts } from '../machine.js';
import { startMonitoringService } from '../monitoring-service.js';
import type { BareAnswer, BareCommand, BareResult } from './bare-messages.js';
import { startKafka } from '../stack-servers.js';

/**
 * From the scheduled publish to a subscriber through a real Kafka, beside whoever reads the same topic without the service.
 *
 *                  POST batches   ┌─ monitoring service ─┐   WebSocket × N
 *   ┌───────────┐   ─────────────▶│ ingest      fan-out  │─────────────────▶ load client
 *   │ publisher │                 └───┬────────────▲─────┘
 *   └───────────┘          acks=all   ▼            │ fetch
 *                                 ┌─ Kafka, one broker ──┐
 *                                 │  the topic           │─────────────────▶ bare consumer (kafkajs)
 *                                 └──────────────────────┘       fetch
 */
export interface KafkaBenchOptions {
  readonly subscribers: number;
  readonly eventsPerSecond: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly runs: number;
  readonly producers: number;
  readonly lingerMs: number;
  /** The service on CPU 0, the load and the bare consumer on CPU 1; Kafka wherever there is room. */
  readonly pin: boolean;
  /** Of a Kafka that is there already; undefined: one of our own. */
  readonly brokers?: string;
  readonly onRun?: (run: KafkaRun) => void;
}

export interface KafkaRun {
  readonly service: RunFigures;
  readonly bare: BareResult;
}

export interface KafkaBenchResult {
  readonly bench: 'kafka';
  readonly machine: MachineFacts;
  readonly options: KafkaBenchOptions;
  readonly runs: readonly KafkaRun[];
}

/** A topic of one lane has all events of a run; its name in Kafka is the catalog's, with dots. */
const TOPIC = 'monitoring/metrics';
const BROKER_TOPIC = 'monitoring.metrics';
const BARE_CONSUMER = path.join(import.meta.dirname, 'bare-consumer.js');

export async function kafkaBench(options: KafkaBenchOptions): Promise<KafkaBenchResult> {
  const kafka = options.brokers === undefined ? await startKafka() : undefined;
  const brokers = kafka?.url ?? (options.brokers as string);
  try {
    const env = { KAFKA_BROKERS: brokers };
    const service = await startMonitoringService({ cpu: options.pin ? 0 : undefined, env });
    try {
      const runs: KafkaRun[] = [];
      for (let run = 0; run < options.runs; run++) {
        runs.push(await oneRun(service, brokers, options));
        options.onRun?.(runs[run]);
      }
      return { bench: 'kafka', machine: machineFacts(), options, runs };
    } finally {
      await service.stop();
    }
  } finally {
    await kafka?.stop();
  }
}

async function oneRun(
  service: Parameters<typeof runFanOut>[0],
  brokers: string,
  options: KafkaBenchOptions,
): Promise<KafkaRun> {
  const { subscribers, eventsPerSecond, seconds, warmUpSeconds, producers, lingerMs, pin } = options;
  const loadCpu = pin ? 1 : undefined;
  const plan: RunPlan = {
    topics: [TOPIC],
    subscribers,
    deliveriesPerSecond: eventsPerSecond * subscribers,
    warmUpSeconds,
    seconds,
    keys: 16,
    producers,
    lingerMs,
    loadCpu,
  };
  const bare = ChildProgram.start<BareCommand, BareAnswer>(BARE_CONSUMER, loadCpu);
  try {
    await bare.ask({ type: 'consume', brokers: brokers.split(','), topic: BROKER_TOPIC }, 'consuming', 30_000);
    const figures = await runFanOut(service, DOORS.service, plan);
    const result = await bare.ask({ type: 'finish', warmUpSeconds, seconds }, 'result', 30_000);
    return { service: figures, bare: result };
  } finally {
    await bare.stop();
  }
}
