import { LOCAL_PRINCIPAL } from '../access/local-principal.js';
import { permittedToPublish } from '../access/permitted-events.js';
import type { Permission, Principal } from '../access/principal.js';
import { qualifyTopic } from '../access/tenancy.js';
import type { EventRecord } from '../event.js';
import { FanOut } from '../fan-out/fan-out.js';
import { Ingest } from '../ingest/ingest.js';
import { noMetrics } from '../ports/metrics.port.js';
import type { TopicDefinition } from '../ports/topic-catalog.port.js';
import { StreamSession } from '../subscription/stream-session.js';
import { DEFAULT_STREAM_SESSION_LIMITS } from '../subscription/stream-session-dependencies.js';
import { anEvent, aTopic } from './builders.js';
import { aCompetingProcess } from './competing.js';
import { FakeClock } from './fake-clock.js';
import { InMemoryCursorStore } from './in-memory-cursor-store.js';
import { InMemoryLog } from './in-memory-log.js';
import { InMemorySubscriptionStore } from './in-memory-subscription-store.js';
import { lineEncoder, RecordingOutlet } from './recording-outlet.js';
import { settle } from './settle.js';

export const TENANTS = ['default', 't', 'u'];

export interface Sent {
  readonly topic: string;
  readonly record: EventRecord;
}

export const principalOf = (owner: string, permitted: readonly Permission[]): Principal => ({
  ...LOCAL_PRINCIPAL,
  tenant: owner,
  permissions: permitted,
});

/** The pipeline in memory, with the same topics for each of {@link TENANTS}; the clock is driven by its methods. */
export class TenantWorld {
  readonly clock = new FakeClock();
  readonly log = new InMemoryLog({ clock: this.clock });
  readonly fanOut = new FanOut({ log: this.log, clock: this.clock, metrics: noMetrics });
  readonly subscriptions = new InMemorySubscriptionStore();
  readonly cursors = new InMemoryCursorStore({ clock: this.clock });
  readonly competing = aCompetingProcess({ log: this.log, cursors: this.cursors, clock: this.clock });
  private topics: TopicDefinition[] = [];
  private sessions = 0;
  private readonly ingest = new Ingest({
    log: this.log,
    topics: { find: (name) => this.topics.find((topic) => topic.name === name) },
    clock: this.clock,
    metrics: noMetrics,
  });
  private published = 0;

  async addTopics(paths: readonly string[]): Promise<void> {
    const added = TENANTS.flatMap((owner) => paths.map((path) => topicOf(owner, path)));
    for (const { brokerName } of added) await this.log.createTopic(brokerName, 1, { ms: 0, bytes: 0 });
    this.topics = [...this.topics, ...added];
    await this.finish(this.fanOut.setTopics(this.topics));
    await this.finish(this.competing.setTopics(this.topics));
  }

  session(principal: Principal) {
    const outlet = new RecordingOutlet();
    const number = ++this.sessions;
    const session = new StreamSession(
      {
        fanOut: this.fanOut,
        log: this.log,
        subscriptions: this.subscriptions,
        cursors: this.cursors,
        competing: this.competing,
        clock: this.clock,
        ids: { uuid: () => `owner-${number}`, random: () => 0.5 },
        catalogVersion: () => 1,
        lookAtCatalog: () => Promise.resolve(),
        limits: DEFAULT_STREAM_SESSION_LIMITS,
      },
      principal,
      outlet,
      lineEncoder,
    );
    return { session, outlet };
  }

  /** As a producer of the tenant that may publish everything there. */
  async publish(events: readonly { tenant: string; path: string; severity: string | undefined; n: number }[]) {
    const sent: Sent[] = [];
    for (const { tenant: owner, path, severity, n } of events) {
      const eventId = `event-${++this.published}`;
      const attributes: Record<string, string> = severity === undefined ? {} : { severity };
      const record = anEvent({ eventId, attributes, value: { event_id: eventId, data: { n } } });
      const producer = principalOf(owner, [{ verbs: ['publish'], topicPattern: '#', constraint: undefined }]);
      const qualified = permittedToPublish(producer, [{ topic: path, record }]);
      await this.finish(this.ingest.publish(qualified));
      sent.push(...qualified);
    }
    await this.settled();
    return sent;
  }

  async settled(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      await settle(this.clock, 4);
      this.clock.advance(60);
    }
    await settle(this.clock, 4);
  }

  /** Drives the clock while the promise is pending. */
  async finish<Result>(promise: Promise<Result>): Promise<Result> {
    let isDone = false;
    const watched = promise.finally(() => (isDone = true));
    watched.catch(() => undefined);
    for (let round = 0; round < 50 && !isDone; round++) {
      await settle(this.clock, 3);
      this.clock.advance(2);
    }
    return watched;
  }
}

function topicOf(owner: string, path: string): TopicDefinition {
  const brokerName = `${owner}.${path.replaceAll('/', '.')}`;
  return aTopic(qualifyTopic(owner, path), { tenant: owner, brokerName, dataType: 'X' });
}
