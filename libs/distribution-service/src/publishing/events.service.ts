import { MAX_EVENTS_PER_REQUEST, type PublishResult } from '@distributary/contracts';
import {
  type Clock,
  DistributionError,
  type IngestShare,
  invalidRequest,
  type Principal,
} from '@distributary/distribution-core';
import { publishAnswer } from './publish-answer.js';
import type { IngestPublisher } from './publisher.js';
import { type EventBody, EventBodies } from './event-bodies.js';
import type { EventReader } from './published-event.js';

export interface PublishAnswer {
  readonly results: readonly PublishResult[];
}

/** That a body which was parsed already is taken for while it waits. */
const PARSED_BYTES = 64 * 1024;

/** Events from outside: one object, a list, or `{ events: [...] }`. */
export class EventsService {
  private readonly bodies: EventBodies;

  constructor(
    private readonly publisher: IngestPublisher<unknown>,
    private readonly share: Pick<IngestShare, 'run'>,
    private readonly clock: Clock,
    reader: EventReader,
  ) {
    this.bodies = new EventBodies(reader);
  }

  /** The same as {@link ingest}, of the bytes of a JSON body; the answer as its own body. */
  ingestBody(body: EventBody, principal: Principal): Promise<Buffer> {
    return this.share.run(body.bytes.length, async () => {
      const events = this.bodies.isLarge(body)
        ? await this.bodies.largeList(body, this.nextTurn)
        : this.bodies.plainList(body);
      if (events === undefined)
        return Buffer.from(JSON.stringify(await this.publish(this.bodies.parse(body), principal)));
      return publishAnswer(await this.publisher.publishRead(events, principal));
    });
  }

  /** The same, of events that lie one a line. */
  ingestLines(body: EventBody, principal: Principal): Promise<Buffer> {
    return this.share.run(body.bytes.length, async () => {
      const events = await this.bodies.lines(body, this.nextTurn);
      if (events.length === 0) throw nothing();
      return publishAnswer(await this.publisher.publishRead(events, principal));
    });
  }

  /** In the tenant of the principal; `auth.forbidden` if it may not publish one of them. */
  ingest(body: unknown, principal: Principal): Promise<PublishAnswer> {
    return this.share.run(PARSED_BYTES, () => this.publish(body, principal));
  }

  private async publish(body: unknown, principal: Principal): Promise<PublishAnswer> {
    const inputs = eventsOf(body);
    if (inputs.length === 0) throw nothing();
    if (inputs.length > MAX_EVENTS_PER_REQUEST) {
      throw new DistributionError(
        'payload.too_large',
        `${inputs.length} events, at most ${MAX_EVENTS_PER_REQUEST} are taken at once`,
      );
    }
    // The publisher checks every event against its schema.
    const results = await this.publisher.publish(inputs, principal, this.nextTurn);
    return { results };
  }

  /** A thousand metrics in one call do not hold up an alert. */
  private readonly nextTurn = (): Promise<void> => new Promise((resolve) => this.clock.soon(resolve));
}

const nothing = () => invalidRequest([{ path: 'events', rule: 'must hold at least one event' }]);

function eventsOf(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  if (typeof body !== 'object' || body === null) {
    throw invalidRequest([{ path: '', rule: 'must be an event, a list of events, or { "events": [...] }' }]);
  }
  if (!('events' in body)) return [body];
  if (Array.isArray(body.events)) return body.events;
  throw invalidRequest([{ path: 'events', rule: 'must be a list' }]);
}
