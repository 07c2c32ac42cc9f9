import { DistributionError } from '../errors/distribution-error.js';
import type { ErrorCode } from '../errors/error-codes.js';
import type { EventBatch } from '../event-batch.js';
import type { Log, TailStart } from '../ports/log.port.js';
import { describeAppending } from './log-append.contract.js';
import { describeReading } from './log-read.contract.js';
import { describeTopics } from './log-topics.contract.js';

export interface LogLimits {
  readonly maxInFlightBytes?: number;
  readonly maxRecordBytes?: number;
}

/** One log on storage of its own. */
export interface LogHarness {
  readonly log: Log;
  /** Another client of the same storage; the harness closes it. */
  another(): Promise<Log>;
  /** Lets so much time go by for the log's clock. */
  letTimePass(ms: number): Promise<void>;
  /** Closes every log and removes the storage. */
  dispose(): Promise<void>;
}

export interface LogFactory {
  open(limits?: LogLimits): Promise<LogHarness>;
  /** Retention is enforced within seconds of `letTimePass`; brokers that take minutes declare false. */
  readonly retainsPromptly: boolean;
  /** Appends have the bounds of {@link LogLimits}; brokers with limits of their own declare false. */
  readonly hasLimits: boolean;
}

/** The promises of the {@link Log} port; every implementation runs them. */
export function describeLogContract(name: string, factory: LogFactory): void {
  describe(`${name} keeps the promises of a log`, () => {
    const context = new LogContext(factory);
    afterEach(() => context.dispose());
    describeAppending(context);
    describeReading(context);
    describeTopics(context);
  });
}

export const FOREVER = { ms: 0, bytes: 0 };

/** Opens the logs of one test and closes them after it. */
export class LogContext {
  private readonly harnesses: LogHarness[] = [];
  private readonly tails: Followed[] = [];

  constructor(readonly factory: LogFactory) {}

  async open(limits?: LogLimits): Promise<LogHarness> {
    const harness = await this.factory.open(limits);
    this.harnesses.push(harness);
    return harness;
  }

  /** With a topic `orders` of three lanes. */
  async openWithTopic(limits?: LogLimits): Promise<LogHarness> {
    const harness = await this.open(limits);
    await harness.log.createTopic('orders', 3, FOREVER);
    return harness;
  }

  follow(log: Log, start: TailStart): Followed {
    const followed = new Followed(log, start);
    this.tails.push(followed);
    return followed;
  }

  async dispose(): Promise<void> {
    for (const tail of this.tails.splice(0)) await tail.stop();
    for (const harness of this.harnesses.splice(0)) await harness.dispose();
  }
}

/** A tail that runs beside the test and keeps what it sees. */
export class Followed {
  readonly eventIds: string[] = [];
  readonly positions: string[] = [];
  error: unknown;
  hasEnded = false;
  private readonly abort = new AbortController();
  private readonly finished: Promise<void>;

  constructor(log: Log, start: TailStart) {
    this.finished = this.run(log, start);
  }

  async stop(): Promise<void> {
    this.abort.abort();
    await this.finished;
  }

  private async run(log: Log, start: TailStart): Promise<void> {
    try {
      for await (const batch of log.tail(start, { signal: this.abort.signal })) {
        this.eventIds.push(...batch.eventIds);
        this.positions.push(...positionsOf([batch]));
      }
    } catch (error) {
      this.error = error;
    }
    this.hasEnded = true;
  }
}

export const idsOf = (batches: readonly EventBatch[]): string[] => batches.flatMap((batch) => [...batch.eventIds]);

export const positionsOf = (batches: readonly EventBatch[]): string[] =>
  batches.flatMap((batch) => Array.from({ length: batch.count }, (_, index) => batch.positions.at(index)));

/** Everything that is in a lane now. */
export async function readAll(log: Log, topic: string, partition: number): Promise<EventBatch[]> {
  const all: EventBatch[] = [];
  let after = (await log.ends(topic))[partition].beforeFirst;
  for (;;) {
    const batches = await log.read({ topic, partition, after }, 1024 * 1024);
    if (batches.length === 0) return all;
    all.push(...batches);
    after = batches[batches.length - 1].lastPosition;
  }
}

/** The code of the {@link DistributionError} that this rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | 'no error'> {
  try {
    await promise;
    return 'no error';
  } catch (error) {
    if (error instanceof DistributionError) return error.code;
    throw error;
  }
}
