import type { MonitoringEventInput } from '@distributary/contracts';
import type { EventPublisher, Outbox } from '@distributary/distribution-service';

/** What the service itself has to say, in the words of its own events. */
export type MonitoringPublisher = EventPublisher<MonitoringEventInput>;
export type MonitoringOutbox = Outbox<MonitoringEventInput>;
