import type { DeadLetterReason } from '../delivery/dead-letter.js';
import type { FanOut } from '../fan-out/fan-out.js';
import type { FeedLane } from '../fan-out/feed.js';
import type { Member } from '../fan-out/member.js';
import type { Outlet } from '../fan-out/outlet.js';
import { isSameLane, laneName, type LaneName } from '../lane.js';
import type { Clock } from '../ports/clock.port.js';
import { BEFORE_FIRST, type LanePosition, type Position } from '../position.js';
import type { AcknowledgedPositions } from './acknowledged-positions.js';
import type { LaneRedelivery } from './lane-redelivery.js';
import type { OwnershipTerm } from './ownership-term.js';
import type { SentPositions } from './sent-positions.js';

export interface LaneAttemptsDependencies {
  /** The id that the client chose for the subscription. */
  readonly id: string;
  readonly member: () => Member | undefined;
  readonly term: OwnershipTerm;
  readonly acknowledged: AcknowledgedPositions;
  readonly sent: SentPositions;
  /** Decides what has to happen with a lane whose attempt failed. */
  readonly redelivery: LaneRedelivery;
  readonly fanOut: FanOut;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly catalogVersion: () => number;
  readonly ackTimeoutMs: number;
  /** At most once: what was sent counts as acknowledged, so that no attempt fails. */
  readonly acksBySending: boolean;
}

/** After the broker did not answer. */
const RETRY_MS = 500;

/**
 * Finds out which lanes of one durable subscription have failed, being refused or not acknowledged in time, and sends
 * those again while the others go on: the lane is held, and stands back where it was after a pause.
 */
export class LaneAttempts {
  /** Monotonic: since when nothing that is out was acknowledged. */
  private readonly progressAtMs = new Map<LaneName, number>();
  /** Lanes whose failure is being dealt with, until they are sent again or let go; each with what cancels its pause. */
  private readonly failing = new Map<LaneName, () => void>();
  private redeliveryCount = 0;
  private cancelCheck: () => void = () => undefined;
  private isLooking = false;

  constructor(private readonly deps: LaneAttemptsDependencies) {}

  /** How often a lane was sent again. */
  get redeliveries(): number {
    return this.redeliveryCount;
  }

  progressed(name: LaneName, nowMs: number): void {
    this.progressAtMs.set(name, nowMs);
  }

  /** The lane is not the subscription's any more. */
  forget(name: LaneName): void {
    this.progressAtMs.delete(name);
    this.failing.get(name)?.();
    this.failing.delete(name);
  }

  /** Looks at what is out this often from now on. */
  start(everyMs: number): void {
    const { clock, term } = this.deps;
    this.cancelCheck = clock.after(everyMs, () => {
      this.check();
      if (!term.isOver) this.start(everyMs);
    });
  }

  /** At most once only; others acknowledge for themselves. */
  acknowledgeSent(): void {
    const { acksBySending, acknowledged, member } = this.deps;
    if (!acksBySending) return;
    for (const told of member()?.positions() ?? []) acknowledged.advance(told);
  }

  /** What is out now is nobody's any more: whoever observes deliveries is told of the first event of each lane that is. */
  sessionEnded(): void {
    const { acknowledged, sent, redelivery } = this.deps;
    const member = this.deps.member();
    for (const told of member?.positions() ?? []) {
      const name = laneName(told);
      const lane = sent.laneOf(told);
      // Of a lane that is about to go back its failure was told.
      if (member === undefined || lane === undefined || acknowledged.covers(told) || this.failing.has(name)) continue;
      const after = acknowledged.of(name)?.position ?? BEFORE_FIRST;
      redelivery.sessionEnded(name, member, lane, after, told.position);
    }
  }

  /** The attempt that sent what comes after the position came to nothing. Without a delay: the policy's. Never rejects. */
  async fail(from: LanePosition, reason: DeadLetterReason, delayMs: number | undefined): Promise<void> {
    const { acknowledged, sent, redelivery, term, fanOut } = this.deps;
    const member = this.deps.member();
    const name = laneName(from);
    const lane = sent.laneOf(from);
    const upTo = sent.toldIn(from) ?? BEFORE_FIRST;
    if (member === undefined || lane === undefined || upTo <= from.position || this.failing.has(name)) return;
    const undecided = () => undefined;
    this.failing.set(name, undecided);
    sent.goesBackFrom(name, upTo);
    member.hold(lane);
    const outcome = await redelivery
      .failed(name, member, lane, from.position, upTo, reason)
      // The broker does not answer: the same again, uncounted.
      .catch(() => ({ kind: 'again', from: from.position, delayMs: RETRY_MS }) as const);
    // It was forgotten meanwhile.
    if (this.failing.get(name) !== undecided) return;
    this.failing.delete(name);
    if (term.isOver || outcome.kind === 'stopped' || member.state === 'gone') return;
    const { topic, partition, epoch } = from;
    const at = (position: Position): LanePosition => ({ topic, partition, epoch, position });
    if (outcome.kind === 'again') {
      acknowledged.failuresChanged(name);
      return this.sendAgainAfter(delayMs ?? outcome.delayMs, lane, at(outcome.from));
    }
    // More may have been acknowledged meanwhile.
    acknowledged.advance(at(outcome.kind === 'buried' ? outcome.position : outcome.upTo));
    acknowledged.flushSoon();
    this.progressAtMs.delete(name);
    if (outcome.kind === 'buried') return this.sendAgain(lane, at(outcome.position));
    member.letGo(lane);
    fanOut.serve(member);
  }

  stop(): void {
    this.cancelCheck();
    for (const cancel of this.failing.values()) cancel();
    this.failing.clear();
  }

  private check(): void {
    const { acksBySending, acknowledged, term } = this.deps;
    if (!term.isOwning) return;
    if (!acksBySending) return void this.checkTimeouts();
    this.acknowledgeSent();
    acknowledged.flushSoon();
  }

  /** What is overdue may be acknowledged in another process, which can only store that. Never rejects. */
  private async checkTimeouts(): Promise<void> {
    const { acknowledged, clock, term } = this.deps;
    const overdue = this.overdue(this.deps.member()?.positions() ?? []);
    if (overdue.length === 0 || this.isLooking) return;
    this.isLooking = true;
    try {
      for (const lane of await acknowledged.learn(overdue)) this.progressed(lane, clock.monotonicMs());
      if (!term.isOwning) return;
      for (const told of this.overdue(overdue)) {
        void this.fail(
          acknowledged.of(laneName(told)) ?? { ...told, position: BEFORE_FIRST },
          'ack_timeout',
          undefined,
        );
      }
    } catch {
      // The store does not answer, so nobody knows whether an attempt has failed: asked again with the next check.
    } finally {
      this.isLooking = false;
    }
  }

  /** Those of which nothing was acknowledged for too long, unless they are about to be sent again. */
  private overdue(told: readonly LanePosition[]): LanePosition[] {
    const { acknowledged, clock, ackTimeoutMs } = this.deps;
    const nowMs = clock.monotonicMs();
    return told.filter((position) => {
      const name = laneName(position);
      const since = this.progressAtMs.get(name);
      if (acknowledged.covers(position)) this.progressAtMs.delete(name);
      else if (since === undefined) this.progressAtMs.set(name, nowMs);
      else return nowMs - since >= ackTimeoutMs && !this.failing.has(name);
      return false;
    });
  }

  private sendAgainAfter(delayMs: number, lane: FeedLane, from: LanePosition): void {
    if (delayMs <= 0) return this.sendAgain(lane, from);
    const name = laneName(from);
    const cancel = this.deps.clock.after(delayMs, () => {
      this.failing.delete(name);
      if (!this.deps.term.isOver) this.sendAgain(lane, from);
    });
    this.failing.set(name, cancel);
  }

  private sendAgain(lane: FeedLane, from: LanePosition): void {
    const { acknowledged, clock, fanOut } = this.deps;
    const member = this.deps.member();
    if (member === undefined || member.state === 'gone') return;
    // An acknowledgement may have come in the pause.
    const acked = acknowledged.of(laneName(from));
    const to = acked?.epoch === from.epoch && acked.position > from.position ? acked : from;
    this.progressAtMs.set(laneName(to), clock.monotonicMs());
    this.redeliveryCount++;
    const others = member.positions().filter((told) => !isSameLane(told, to));
    const isPaused = member.state === 'paused';
    member.standAt([...others, to]);
    if (isPaused) member.pause();
    member.letGo(lane);
    this.tellPositions(member);
    fanOut.serve(member);
  }

  /** The frames that follow go on from further back than what the client was sent. */
  private tellPositions(member: Member): void {
    const { id, outlet, term, catalogVersion } = this.deps;
    outlet.send({
      type: 'subscribed',
      payload: {
        id,
        feed: member.feed.id,
        catalog_version: catalogVersion(),
        positions: member.positions(),
        recovered: 'full',
        generation: term.generation,
      },
    });
  }
}
