import type { PublishResult } from '@distributary/contracts';
import {
  type AwaitedTopics,
  type Lane,
  LOCAL_PRINCIPAL,
  permittedToPublish,
  type Position,
  type Principal,
  type Problem,
} from '@distributary/distribution-core';
import { type EventReader, type PublishedEvent, refuseIfAny } from './published-event.js';
import { publishResultOf } from './publish-answer.js';

/**
 * Publishes events of the service's domain; used by the doors and by everything in this service that has something to say.
 * Resolves when the broker has the events. Publishing the same `event_id` again has no effect (`duplicate: true`).
 * Failure: `request.invalid` with every problem as `events[i].…`, `auth.forbidden`, `topic.not_found`, `payload.too_large`,
 * `ingest.busy`, `store.unavailable` (nobody can say whether there is such a topic), `broker.unavailable`; then none or all of
 * the events of a lane may be in the log.
 */
export interface EventPublisher<Input> {
  /**
   * Results in the order of the inputs. `principal`: who publishes, into its tenant; absent: this service itself.
   * `betweenSlices`: waited for within a long call, so that others have their turn; calls may then overtake it. Without
   * it, calls append in the order in which they were made; those with a topic that another process may have just made wait
   * until that is known, in their order.
   */
  publish(
    inputs: readonly Input[],
    principal?: Principal,
    betweenSlices?: () => Promise<void>,
  ): Promise<readonly PublishResult[]>;
}

export interface IngestOutcome {
  readonly eventId: string;
  readonly duplicate: boolean;
  /** The catalog's name of where it is. */
  readonly topic: string;
  readonly lane: Lane;
  readonly position: Position;
}

/** What is needed of the core's `Ingest`. */
export interface IngestDoor {
  publish(events: readonly PublishedEvent[]): Promise<readonly IngestOutcome[]>;
}

/** Checked at a time: about 2 ms. */
const SLICE_EVENTS = 64;

export class IngestPublisher<Input> implements EventPublisher<Input> {
  constructor(
    private readonly ingest: IngestDoor,
    private readonly reader: EventReader,
    private readonly topics: Pick<AwaitedTopics, 'run'>,
  ) {}

  async publish(
    inputs: readonly Input[],
    principal: Principal = LOCAL_PRINCIPAL,
    betweenSlices?: () => Promise<void>,
  ): Promise<readonly PublishResult[]> {
    const problems: Problem[] = [];
    const events: PublishedEvent[] = [];
    for (const [index, input] of inputs.entries()) {
      if (betweenSlices !== undefined && index > 0 && index % SLICE_EVENTS === 0) await betweenSlices();
      const event = this.reader.read(input, index, problems);
      if (event !== undefined) events.push(event);
    }
    refuseIfAny(problems);
    return (await this.publishRead(events, principal)).map(publishResultOf);
  }

  /** Events that were read and checked already. */
  async publishRead(
    events: readonly PublishedEvent[],
    principal: Principal = LOCAL_PRINCIPAL,
  ): Promise<readonly IngestOutcome[]> {
    if (events.length === 0) return [];
    const permitted = permittedToPublish(principal, events);
    return this.topics.run(permitted, () => this.ingest.publish(this.reader.admit?.(permitted) ?? permitted));
  }
}
