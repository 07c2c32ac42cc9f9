import type { MonitoringEventInput } from '@distributary/contracts';
import type { Clock, Counter, Duty, EventBatch, Metrics } from '@distributary/distribution-core';

export interface AnnouncementsDependencies {
  readonly duty: Pick<Duty, 'standing'>;
  readonly outbox: { add(events: readonly MonitoringEventInput[]): void };
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Of what the log has not shown; the oldest go first. */
  readonly capacity?: number;
}

interface Announcement {
  readonly event: MonitoringEventInput;
  readonly subject: string;
  readonly atMs: number;
}

const CAPACITY = 10_000;
/** What nobody has said for so long is no news any more. */
const KEPT_MS = 600_000;

/**
 * What every worker concludes from the same events and one of them says. Each keeps what it would say until the log shows
 * it, so that whoever takes the duty over says what the one before did not come to say; equal conclusions have equal ids.
 */
export class Announcements {
  private readonly unseen = new Map<string, Announcement>();
  private readonly capacity: number;
  private readonly dropped: Counter;

  constructor(private readonly deps: AnnouncementsDependencies) {
    this.capacity = deps.capacity ?? CAPACITY;
    this.dropped = deps.metrics.counter(
      'announcements_dropped_total',
      'What a worker kept to say and forgot because the log did not show it',
    );
  }

  get size(): number {
    return this.unseen.size;
  }

  /** `subject`: what they are about, for `forget`. */
  add(events: readonly MonitoringEventInput[], subject: string): void {
    const atMs = this.deps.clock.monotonicMs();
    for (const event of events) if (event.event_id !== undefined) this.keep(event.event_id, { event, subject, atMs });
    if (this.deps.duty.standing !== 'waiting') this.deps.outbox.add(events);
  }

  has(eventId: string): boolean {
    return this.unseen.has(eventId);
  }

  /** Another worker has said it differently. */
  forget(subject: string): void {
    for (const [eventId, kept] of this.unseen) if (kept.subject === subject) this.unseen.delete(eventId);
  }

  /** As the log shows it. */
  apply(batch: EventBatch): void {
    if (this.unseen.size === 0) return;
    for (let index = 0; index < batch.count; index++) this.unseen.delete(batch.eventIdAt(index));
  }

  /** The duty is this process's from now on. */
  taken(): void {
    this.dropBefore(this.deps.clock.monotonicMs() - KEPT_MS);
    this.deps.outbox.add([...this.unseen.values()].map(({ event }) => event));
  }

  private keep(eventId: string, announcement: Announcement): void {
    this.dropBefore(announcement.atMs - KEPT_MS);
    if (this.unseen.size >= this.capacity) this.drop(this.unseen.keys().next().value as string);
    this.unseen.set(eventId, announcement);
  }

  /** They lie in the order in which they came. */
  private dropBefore(atMs: number): void {
    for (const [eventId, kept] of this.unseen) {
      if (kept.atMs >= atMs) return;
      this.drop(eventId);
    }
  }

  private drop(eventId: string): void {
    this.unseen.delete(eventId);
    this.dropped.add();
  }
}
