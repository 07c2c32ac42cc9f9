import { serveParent } from './child-program.js';
import { EventNumbering, keyOf } from './event-numbering.js';
import { stampedEventText, stampedMarketText } from './event-text.js';
import { IngestConnection, isSuccess } from './ingest-connection.js';
import { monotonicMicros } from './monotonic-clock.js';
import { PublishSchedule } from './publish-schedule.js';
import type { PublisherAnswer, PublisherCommand, PublisherResult, PublishPlan } from './publisher-messages.js';

/**
 * The producer of a bench: an open loop that posts what is due.
 *
 *   schedule ──due events──▶ per connection: waiting ──one batch at a time──▶ POST
 */
const MAX_BATCH = 500;
const TICK_MS = 1;
const RETRY_MS = 20;
const TOO_MANY = 429;
const MAX_ERRORS = 5;

class Publisher {
  private readonly schedule: PublishSchedule;
  private readonly numbering: EventNumbering;
  private readonly acceptedOf: number[];
  private readonly answered: Float64Array;
  private readonly waiting: number[][];
  private readonly errors = new Set<string>();
  private accepted = 0;
  private refusals = 0;
  private posts = 0;
  /** Batches that wait for their answer. */
  private underWay = 0;
  private isOver = false;

  constructor(private readonly plan: PublishPlan) {
    this.schedule = new PublishSchedule(plan.startMicros, plan.eventsPerSecond, plan.seconds);
    this.numbering = new EventNumbering(plan.topics.length, plan.batchEvents ?? 1);
    this.acceptedOf = plan.topics.map(() => 0);
    this.answered = new Float64Array(this.schedule.total);
    this.waiting = Array.from({ length: plan.connections }, () => []);
  }

  async run(): Promise<PublisherResult> {
    const { plan } = this;
    const workers = this.waiting.map((waiting) => this.post(waiting));
    const endMicros = plan.startMicros + plan.seconds * 1e6 + plan.graceMs * 1000;
    while (monotonicMicros() < endMicros && !this.isDone) {
      const [from, to] = this.schedule.takeDue(monotonicMicros());
      for (let sequence = from; sequence < to; sequence++) {
        this.waiting[this.connectionOf(sequence)].push(sequence);
      }
      await pause(TICK_MS);
    }
    this.isOver = true;
    await Promise.all(workers);
    return {
      type: 'published',
      due: this.schedule.total,
      accepted: this.accepted,
      acceptedOf: this.acceptedOf,
      unsent: this.schedule.total - this.accepted,
      refusals: this.refusals,
      errors: [...this.errors],
      answeredMicros: this.answered,
      posts: this.posts,
    };
  }

  /** A batch that is under way may be refused, and is then to be repeated. */
  private get isDone(): boolean {
    return this.schedule.isOver && this.underWay === 0 && this.waiting.every((each) => each.length === 0);
  }

  private async post(waiting: number[]): Promise<void> {
    const { plan } = this;
    const connection = new IngestConnection(plan.port, plan.path, plan.isTls);
    while (!this.isOver) {
      if (!this.isBatchDue(waiting)) {
        await pause(TICK_MS);
        continue;
      }
      const batch = waiting.splice(0, plan.batchEvents ?? MAX_BATCH);
      this.underWay++;
      const retryMs = await this.send(connection, batch);
      if (retryMs !== undefined) waiting.unshift(...batch);
      this.underWay--;
      if (retryMs !== undefined) await pause(retryMs);
    }
    connection.close();
  }

  /** What has one key goes through one connection, so that it stays in order. */
  private connectionOf(sequence: number): number {
    const { connections, keys, topics } = this.plan;
    return (topics.length > 1 ? this.numbering.topicOf(sequence) : sequence % keys) % connections;
  }

  private isBatchDue(waiting: readonly number[]): boolean {
    const { batchEvents, lingerMs } = this.plan;
    if (waiting.length === 0) return false;
    if (this.schedule.isOver || waiting.length >= (batchEvents ?? MAX_BATCH)) return true;
    return batchEvents === undefined && this.schedule.dueMicros(waiting[0]) + lingerMs * 1000 <= monotonicMicros();
  }

  /** After how many milliseconds it is to be sent again, if it is: the ids are the same, so that nothing takes effect twice. */
  private async send(connection: IngestConnection, batch: readonly number[]): Promise<number | undefined> {
    const texts = batch.map((sequence) => this.textOf(sequence));
    this.posts++;
    try {
      const { status, body, retryAfterMs } = await connection.post(`[${texts.join(',')}]`);
      if (isSuccess(status)) {
        const now = monotonicMicros();
        for (const sequence of batch) {
          this.answered[sequence] = now;
          this.acceptedOf[this.numbering.topicOf(sequence)]++;
        }
        this.accepted += batch.length;
        return undefined;
      }
      this.refusals++;
      // To be told to come back later is no error: that is how a producer learns that there is too much.
      if (status === TOO_MANY) return retryAfterMs ?? RETRY_MS;
      this.note(`${status} ${body.slice(0, 300)}`);
    } catch (error) {
      this.refusals++;
      this.note(error instanceof Error ? error.message : String(error));
    }
    return RETRY_MS;
  }

  private textOf(sequence: number): string {
    const { topics, run, keys, kind = 'METRICS' } = this.plan;
    const topic = topics[this.numbering.topicOf(sequence)];
    const event = { topic, run, sequence, stampMicros: this.schedule.dueMicros(sequence) };
    if (kind !== 'METRICS') return stampedMarketText(kind, event);
    return stampedEventText({ ...event, key: keyOf(this.numbering, sequence, keys) });
  }

  private note(error: string): void {
    if (this.errors.size < MAX_ERRORS) this.errors.add(error);
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

serveParent<PublisherCommand, PublisherAnswer>(async ({ plan }, answer) => answer(await new Publisher(plan).run()));
