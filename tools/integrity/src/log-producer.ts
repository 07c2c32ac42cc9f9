import { DistributionError, type EventRecord, type Log, partitionOf } from '@distributary/distribution-core';
import { eventIdOf } from './key-producer.js';
import type { LossLedger } from './loss-ledger.js';
import type { TestedService } from './stage/tested-service.js';
import { FINISH_DEADLINE_MS, RunningLoop } from './running-loop.js';
import { pauseMs } from './waiting.js';

export interface LogProducerOptions {
  readonly log: Log;
  readonly service: TestedService;
  /** The broker's name of the topic. */
  readonly topic: string;
  readonly partitions: number;
  readonly keys: readonly string[];
  readonly run: string;
  readonly batchSize: number;
  readonly eventsPerSecond: number;
}

const RETRY_MS = 100;

/** Writes to the broker past the service, as programs of others do; one batch at a time, repeated until it is there. */
export class LogProducer {
  private readonly next: number[];
  private nextKey = 0;
  private isStopping = false;
  private isAbandoned = false;
  private running: RunningLoop | undefined;
  retries = 0;

  constructor(
    private readonly options: LogProducerOptions,
    private readonly ledger: LossLedger,
  ) {
    this.next = options.keys.map(() => 0);
  }

  get failure(): Error | undefined {
    return this.running?.failure;
  }

  start(): void {
    this.running = new RunningLoop(() => this.run());
  }

  /** As of the producers at the gateways. */
  async finish(): Promise<void> {
    this.isStopping = true;
    await this.running?.finish(FINISH_DEADLINE_MS).finally(() => this.abandon());
  }

  /** At once, whatever becomes of the batch under way. */
  abandon(): void {
    this.isStopping = true;
    this.isAbandoned = true;
  }

  private async run(): Promise<void> {
    const { batchSize, eventsPerSecond } = this.options;
    const everyMs = (batchSize * 1000) / eventsPerSecond;
    let dueAt = performance.now();
    while (!this.isStopping) {
      const batch = this.newBatch();
      while (!this.isAbandoned && !(await this.append(batch))) {
        this.retries++;
        await pauseMs(RETRY_MS);
      }
      dueAt = Math.max(dueAt + everyMs, performance.now() - 1000);
      await pauseMs(dueAt - performance.now());
    }
  }

  private newBatch() {
    const { keys, run, service, batchSize } = this.options;
    return Array.from({ length: batchSize }, () => {
      const place = this.nextKey++ % keys.length;
      const key = keys[place];
      const sequence = this.next[place]++;
      this.ledger.sent(key, sequence);
      const eventId = eventIdOf(run, key, sequence);
      const record: EventRecord = {
        eventId,
        timeMicros: Date.now() * 1000,
        routingKey: key,
        attributes: {},
        value: Buffer.from(JSON.stringify(service.payloadOf({ eventId, key, sequence }))),
      };
      return { key, sequence, record };
    });
  }

  private async append(batch: ReturnType<LogProducer['newBatch']>): Promise<boolean> {
    const { log, topic, partitions } = this.options;
    const lanes = Array.from({ length: partitions }, (_, partition) => ({
      topic,
      partition,
      records: batch
        .map(({ record }) => record)
        .filter(({ routingKey }) => partitionOf(routingKey, partitions) === partition),
    })).filter(({ records }) => records.length > 0);
    try {
      const appended = await log.append(lanes);
      for (const { key, sequence } of batch) {
        const { lane, last } = appended[lanes.findIndex(({ partition }) => partition === partitionOf(key, partitions))];
        // Of the source: no gap of what is routed to can excuse it.
        this.ledger.acknowledged(key, sequence, {
          lane: `${topic}#${lane.partition}`,
          epoch: lane.epoch,
          position: last,
        });
      }
      return true;
    } catch (error) {
      if (error instanceof DistributionError && error.retryable) return false;
      throw error;
    }
  }
}
