import type { DeadLetterReason, DeadLetterSink } from '../delivery/dead-letter.js';
import type { DeliveryOutcomes, FailedAttempt } from '../delivery/delivery-outcomes.js';
import { LetterBurial } from '../delivery/queue/letter-burial.js';
import { type RedeliveryPolicy, redeliveryDelayMs } from '../delivery/redelivery-policy.js';
import type { FeedLane } from '../fan-out/feed.js';
import type { Member } from '../fan-out/member.js';
import type { Clock } from '../ports/clock.port.js';
import type { IdSource } from '../ports/id-source.port.js';
import type { Log } from '../ports/log.port.js';
import type { Counter } from '../ports/metrics.port.js';
import type { Position } from '../position.js';
import { type BlockingEvent, findBlocking, findInMemory } from './blocking-event.js';

export interface LaneRedeliveryOptions {
  readonly subscriptionId: string;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: IdSource;
  readonly redelivery: RedeliveryPolicy;
  readonly dedupeWindowMs: number;
  readonly maxAttempts: number;
  /** Without it the blocking event is sent for ever: nothing is lost for want of a place for letters. */
  readonly deadLetters: DeadLetterSink | undefined;
  readonly dropped: Counter;
  readonly redelivered: Counter;
  readonly outcomes: DeliveryOutcomes | undefined;
}

/** What has to happen with a lane after an attempt came to nothing. */
export type FailureOutcome =
  /** Nothing of it was the subscription's: it is dealt with up to here. */
  | { readonly kind: 'nothing'; readonly upTo: Position }
  /** Everything after `from` again, after the pause. */
  | { readonly kind: 'again'; readonly from: Position; readonly delayMs: number }
  /** The event at this position is a dead letter: what comes after it again, at once. */
  | { readonly kind: 'buried'; readonly position: Position }
  /** The subscription ended meanwhile. */
  | { readonly kind: 'stopped' };

interface Failing {
  readonly position: Position;
  readonly count: number;
  readonly firstMicros: number;
}

/**
 * Counts the failed attempts of the event that blocks a lane, and decides: again after a pause with full jitter, or to
 * the dead letters, that event alone. In memory by lane; what a former owner counted is given with {@link remember}.
 */
export class LaneRedelivery {
  private readonly failing = new Map<string, Failing>();
  private readonly burial: LetterBurial;

  constructor(private readonly options: LaneRedeliveryOptions) {
    this.burial = new LetterBurial(options.clock, options.deadLetters, options.dropped);
  }

  /** By lane name; of the event that blocks it. */
  failuresOf(lane: string): { readonly position: Position; readonly count: number } | undefined {
    return this.failing.get(lane);
  }

  remember(lane: string, failures: Readonly<Record<Position, number>>): void {
    const [first] = Object.entries(failures);
    if (first === undefined) return;
    this.failing.set(lane, { position: first[0], count: first[1], firstMicros: this.options.clock.nowMicros() });
  }

  stop(): void {
    this.burial.stop();
  }

  /** The session ended before the client said a word about (after, upTo]. Of what is not in memory any more nothing is told. */
  sessionEnded(name: string, member: Member, lane: FeedLane, after: Position, upTo: Position): void {
    if (this.options.outcomes?.observer === undefined) return;
    const blocking = findInMemory(member, lane, after, upTo);
    if (blocking === undefined) return;
    const failing = this.failing.get(name);
    const failures = failing?.position === blocking.position ? failing.count : 0;
    this.tellRetrying(lane, blocking, failures + 1, 'session_ended');
  }

  /** The attempt that sent (after, upTo] failed. Rejects if the broker does not answer. */
  async failed(
    name: string,
    member: Member,
    lane: FeedLane,
    after: Position,
    upTo: Position,
    reason: DeadLetterReason,
  ): Promise<FailureOutcome> {
    const { log, ids, redelivery, maxAttempts, dedupeWindowMs, deadLetters } = this.options;
    const blocking = await findBlocking(member, lane, after, upTo, log, dedupeWindowMs);
    if (blocking === undefined) return { kind: 'nothing', upTo };
    const failing = this.count(name, blocking.position);
    if (failing.count >= maxAttempts && deadLetters !== undefined) {
      if (!(await this.bury(lane, blocking, failing, reason))) return { kind: 'stopped' };
      this.failing.delete(name);
      return { kind: 'buried', position: blocking.position };
    }
    this.options.redelivered.add();
    this.tellRetrying(lane, blocking, failing.count, reason);
    return { kind: 'again', from: after, delayMs: redeliveryDelayMs(redelivery, failing.count, ids.random()) };
  }

  private tellRetrying(
    { state }: FeedLane,
    { batch, index, position }: BlockingEvent,
    attempts: number,
    reason: FailedAttempt['reason'],
  ): void {
    const { subscriptionId, outcomes } = this.options;
    if (outcomes?.observer === undefined) return;
    const { topic, partition, epoch } = state.lane;
    const at = { topic, partition, epoch, position };
    outcomes.observer.retrying({ subscriptionId, eventId: batch.eventIdAt(index), at, attempts, reason });
  }

  private count(name: string, position: Position): Failing {
    const before = this.failing.get(name);
    const isSame = before?.position === position;
    const failing: Failing = {
      position,
      count: isSame ? before.count + 1 : 1,
      firstMicros: isSame ? before.firstMicros : this.options.clock.nowMicros(),
    };
    this.failing.set(name, failing);
    return failing;
  }

  private bury(
    { state }: FeedLane,
    { batch, index, position }: BlockingEvent,
    { count, firstMicros }: Failing,
    reason: DeadLetterReason,
  ): Promise<boolean> {
    const { topic, partition, epoch } = state.lane;
    return this.burial.send({
      event: batch.recordAt(index),
      at: { topic, partition, epoch, position },
      reason,
      attempts: count,
      firstFailureMicros: firstMicros,
      lastFailureMicros: this.options.clock.nowMicros(),
    });
  }
}
