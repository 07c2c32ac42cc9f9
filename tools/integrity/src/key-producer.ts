import { IngestConnection, isSuccess } from '@distributary/bench';
import type { EventPlace, LossLedger } from './loss-ledger.js';
import { FINISH_DEADLINE_MS, RunningLoop } from './running-loop.js';
import { ingestPath, type TestedService } from './stage/tested-service.js';

export interface KeyProducerOptions {
  /** Of gateways: the next one is taken when one does not answer. */
  readonly ports: readonly number[];
  readonly service: TestedService;
  readonly topic: string;
  /** Its own: nobody else publishes under them. */
  readonly keys: readonly string[];
  /** Start of every event id. */
  readonly run: string;
  readonly batchSize: number;
  readonly eventsPerSecond: number;
  /** Each batch goes to all gateways at once, and is safe when all have said so. */
  readonly isDoubled?: boolean;
  readonly postTimeoutMs?: number;
}

interface PendingEvent {
  readonly key: string;
  readonly sequence: number;
}

interface IngestReply {
  readonly results: readonly {
    readonly event_id: string;
    readonly topic: string;
    readonly partition: number;
    readonly epoch: string;
    readonly position: string;
  }[];
}

const RETRY_MS = 100;
const POST_TIMEOUT_MS = 10_000;

export const eventIdOf = (run: string, key: string, sequence: number): string => `${run}.${key}.${sequence}`;

/** Undefined: somebody else's. */
export function eventOfId(run: string, eventId: string): PendingEvent | undefined {
  const [, key, sequence] = eventId.startsWith(`${run}.`) ? (/^[^.]*\.(.*)\.(\d+)$/.exec(eventId) ?? []) : [];
  return key === undefined ? undefined : { key, sequence: Number(sequence) };
}

/**
 * Publishes batch after batch, one at a time, and repeats a batch under the same ids until it is acknowledged: so its
 * keys are in order, and nothing that it was told is safe was ever unsure.
 */
export class KeyProducer {
  private readonly connections: readonly IngestConnection[];
  private turn = 0;
  private batch: readonly PendingEvent[] = [];
  private nextKey = 0;
  private readonly next: number[];
  private isStopping = false;
  private isAbandoned = false;
  private running: RunningLoop | undefined;
  /** Of batches, for the notes. */
  retries = 0;

  constructor(
    private readonly options: KeyProducerOptions,
    private readonly ledger: LossLedger,
  ) {
    this.connections = options.ports.map((port) => new IngestConnection(port, ingestPath(options.service)));
    this.next = options.keys.map(() => 0);
  }

  /** Sent, and no answer yet: whether they are in the log nobody knows. */
  get unacknowledged(): number {
    return this.batch.length;
  }

  get failure(): Error | undefined {
    return this.running?.failure;
  }

  start(): void {
    this.running = new RunningLoop(() => this.run());
  }

  /** After the batch under way has been acknowledged. Rejects with what it failed with, or if the batch is never taken. */
  async finish(deadlineMs = FINISH_DEADLINE_MS): Promise<void> {
    this.isStopping = true;
    await this.running?.finish(deadlineMs).finally(() => this.abandon());
  }

  /** At once, whatever becomes of the batch under way. */
  abandon(): void {
    this.isStopping = true;
    this.isAbandoned = true;
    for (const connection of this.connections) connection.close();
  }

  private async run(): Promise<void> {
    const { batchSize, eventsPerSecond } = this.options;
    const pauseMs = (batchSize * 1000) / eventsPerSecond;
    let dueAt = performance.now();
    while (!this.isStopping) {
      this.batch = this.newBatch();
      while (!this.isAbandoned && !(await this.publish(this.batch))) {
        this.retries++;
        this.turn++;
        await pause(RETRY_MS);
      }
      this.batch = [];
      dueAt = Math.max(dueAt + pauseMs, performance.now() - 1000);
      await pause(dueAt - performance.now());
    }
  }

  private newBatch(): PendingEvent[] {
    const { keys, batchSize } = this.options;
    return Array.from({ length: batchSize }, () => {
      const place = this.nextKey++ % keys.length;
      const sequence = this.next[place]++;
      this.ledger.sent(keys[place], sequence);
      return { key: keys[place], sequence };
    });
  }

  private async publish(batch: readonly PendingEvent[]): Promise<boolean> {
    const { connections, turn } = this;
    const asked = this.options.isDoubled === true ? connections : [connections[turn % connections.length]];
    const answers = await Promise.all(asked.map((connection) => this.post(connection, batch)));
    const whole = answers.filter((places) => places !== undefined);
    if (whole.length < asked.length) return false;
    batch.forEach(({ key, sequence }, index) => {
      // Of several copies the first one is the event; all of them lie in one lane.
      const [first] = whole.map((places) => places[index]).sort((x, y) => (x.position < y.position ? -1 : 1));
      this.ledger.acknowledged(key, sequence, first);
    });
    return true;
  }

  /** Where the events lie; undefined if it is not known whether they do. */
  private async post(
    connection: IngestConnection,
    batch: readonly PendingEvent[],
  ): Promise<readonly EventPlace[] | undefined> {
    const { run, service, topic, postTimeoutMs = POST_TIMEOUT_MS } = this.options;
    const events = batch.map(({ key, sequence }) =>
      service.eventOf({ eventId: eventIdOf(run, key, sequence), key, sequence }, topic),
    );
    try {
      const { status, body } = await connection.post(JSON.stringify(events), postTimeoutMs);
      if (status >= 400 && status < 500 && status !== 429) throw new Refused(`${status} ${body.slice(0, 500)}`);
      if (!isSuccess(status)) return undefined;
      return (JSON.parse(body) as IngestReply).results.map(({ topic: name, partition, epoch, position }) => ({
        lane: `${name}#${partition}`,
        epoch,
        position,
      }));
    } catch (error) {
      // No answer: the process was killed. The batch is sent again under the same ids.
      if (error instanceof Refused) throw error;
      return undefined;
    }
  }
}

/** The service says that the events are wrong: no repetition helps, and the scenario itself is at fault. */
class Refused extends Error {}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, Math.max(0, ms)));
