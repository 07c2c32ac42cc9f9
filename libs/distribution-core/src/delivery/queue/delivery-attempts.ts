import type { Clock } from '../../ports/clock.port.js';
import type { Counter } from '../../ports/metrics.port.js';
import type { Delivery, QueueOptions } from '../../ports/queue.port.js';
import type { DeadLetterReason, DeadLetterSink } from '../dead-letter.js';
import type { DeliveryOutcomes, FailedAttempt } from '../delivery-outcomes.js';
import { redeliveryDelayMs } from '../redelivery-policy.js';
import { AckDeadlines } from './ack-deadlines.js';
import type { Dispatch } from './dispatch.js';
import type { Entry } from './entry.js';
import { LetterBurial } from './letter-burial.js';
import type { LogQueueConsumer } from './queue-consumer.js';

export interface AttemptParts {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Without it, what failed too often is dropped and counted. */
  readonly deadLetters: DeadLetterSink | undefined;
  readonly dropped: Counter;
  readonly redelivered: Counter;
  /** Who is told what becomes of deliveries, and of which subscription; without it nobody is. */
  readonly outcomes?: { readonly subscriptionId: string; readonly to: DeliveryOutcomes } | undefined;
}

export interface AttemptEvents {
  /** Entries may be given out that could not be before. */
  readonly onReady: () => void;
  /** It is with the dead letters, or dropped. Never rejects. */
  readonly onBuried: (entry: Entry) => Promise<void>;
}

/** What becomes of the entries that consumers are given, attempt by attempt; see {@link Entry} for the states. */
export class DeliveryAttempts {
  private readonly burial: LetterBurial;
  private readonly deadlines: AckDeadlines;
  private readonly delays = new Set<() => void>();
  private takenCount = 0;

  constructor(
    private readonly options: Pick<QueueOptions, 'ackTimeoutMs' | 'maxAttempts' | 'redelivery'>,
    /** What is given back with an entry that failed. */
    private readonly order: Dispatch['order'],
    private readonly parts: AttemptParts,
    private readonly events: AttemptEvents,
  ) {
    this.burial = new LetterBurial(parts.clock, parts.deadLetters, parts.dropped);
    this.deadlines = new AckDeadlines(parts.clock, options.ackTimeoutMs, (overdue) => this.failOverdue(overdue));
  }

  /** Deliveries that were given out, ever. */
  get taken(): number {
    return this.takenCount;
  }

  hold(entry: Entry, consumer: LogQueueConsumer, nowMs: number): Delivery {
    entry.state = 'held';
    entry.holder = consumer;
    entry.attempt++;
    this.takenCount++;
    if (entry.attempt > 1) this.parts.redelivered.add();
    consumer.held.add(entry);
    this.deadlines.add(entry, nowMs);
    return entry.delivery();
  }

  /** After some were held or settled. */
  setAlarm(): void {
    this.deadlines.setAlarm();
  }

  finish(entry: Entry): void {
    if (entry.state === 'dying') return;
    if (entry.state !== 'done') this.parts.outcomes?.to.observer?.acknowledged(entry.delivery());
    unhold(entry);
    entry.state = 'done';
  }

  giveBack(entry: Entry, delayMs: number): void {
    unhold(entry);
    entry.state = 'ready';
    entry.readyAtMs = 0;
    if (delayMs <= 0) return;
    const { clock } = this.parts;
    const readyAtMs = clock.monotonicMs() + delayMs;
    entry.readyAtMs = readyAtMs;
    const cancel = clock.after(delayMs, () => {
      this.delays.delete(cancel);
      // Timers of Node may ring a little early, and nothing else would look again.
      if (entry.readyAtMs === readyAtMs) entry.readyAtMs = 0;
      this.events.onReady();
    });
    this.delays.add(cancel);
  }

  /** Its consumer left: nothing that the entry could be blamed for. */
  abandon(entry: Entry): void {
    this.tellRetrying(entry, 'session_ended');
    this.giveBack(entry, 0);
  }

  /** An attempt came to nothing: what must come after the entry comes after it again. */
  fail(entry: Entry, reason: DeadLetterReason, delayMs: number | undefined): void {
    const nowMicros = this.parts.clock.nowMicros();
    entry.reason = reason;
    if (entry.failures++ === 0) entry.firstFailureMicros = nowMicros;
    this.giveBack(entry, delayMs ?? this.pauseAfter(entry));
    if (this.order !== 'none') {
      for (const later of entry.lane.entries) {
        if (later.position <= entry.position || later.state !== 'held') continue;
        if (this.order === 'lane' || later.routingKey === entry.routingKey) this.giveBack(later, 0);
      }
    }
    if (entry.failures >= this.options.maxAttempts) void this.bury(entry, nowMicros);
    else this.tellRetrying(entry, reason);
  }

  /** Nothing that is held is overdue until the alarm is set again. */
  pause(): void {
    this.deadlines.stop();
  }

  stop(): void {
    this.deadlines.stop();
    for (const cancel of this.delays) cancel();
    this.burial.stop();
  }

  /** One of them may be given back with one before it: it was not late by itself. */
  private failOverdue(overdue: readonly Entry[]): void {
    for (const entry of overdue) if (entry.state === 'held') this.fail(entry, 'ack_timeout', undefined);
    this.events.onReady();
  }

  private tellRetrying(entry: Entry, reason: FailedAttempt['reason']): void {
    const { outcomes } = this.parts;
    if (outcomes?.to.observer === undefined) return;
    const { batch, index, at, attempt: attempts } = entry.delivery();
    const { subscriptionId } = outcomes;
    outcomes.to.observer.retrying({ subscriptionId, eventId: batch.eventIdAt(index), at, attempts, reason });
  }

  private pauseAfter(entry: Entry): number {
    const { redelivery } = this.options;
    return redelivery === undefined ? 0 : redeliveryDelayMs(redelivery, entry.failures, this.parts.random());
  }

  private async bury(entry: Entry, lastFailureMicros: number): Promise<void> {
    entry.state = 'dying';
    const { event, at } = entry.delivery();
    const { reason, failures: attempts } = entry;
    // After a restart the time of the first failure is not known any more.
    const firstFailureMicros = entry.firstFailureMicros || lastFailureMicros;
    const letter = { event, at, reason, attempts, firstFailureMicros, lastFailureMicros };
    if (!(await this.burial.send(letter))) return;
    entry.state = 'done';
    await this.events.onBuried(entry);
  }
}

function unhold(entry: Entry): void {
  entry.holder?.held.delete(entry);
  entry.holder = undefined;
}
