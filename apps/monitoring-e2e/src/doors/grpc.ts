import { credentials, type Client, loadPackageDefinition, type Metadata } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { MONITORING_PROTO, PROTO_LOADING } from '@distributary/contracts';
import {
  exchangeDoorOf,
  type Fields,
  listenTo,
  type Message,
  metadataOf,
  type StreamDoor,
  type TestedService,
  wireSelection,
} from '@distributary/distribution-service/testing';

export { errorOf, metadataOf } from '@distributary/distribution-service/testing';

type Call = NodeJS.EventEmitter & { write(message: Fields): void; cancel(): void };
type MonitoringClient = Client & {
  Exchange(metadata?: Metadata): Call;
  StreamMonitoring(request: Fields, metadata?: Metadata): Call;
};

const definition = loadSync(MONITORING_PROTO, { ...PROTO_LOADING, defaults: true });

export function grpcClient(
  app: TestedService,
  options: Fields = {},
  channel = credentials.createInsecure(),
): MonitoringClient {
  const root = loadPackageDefinition(definition) as unknown as {
    distributary: { monitoring: { v1: { MonitoringStream: new (...args: unknown[]) => MonitoringClient } } };
  };
  return new root.distributary.monitoring.v1.MonitoringStream(app.grpcAddress, channel, {
    'grpc.use_local_subchannel_pool': 1,
    ...options,
  });
}

/** The whole protocol in one call. */
export const exchangeDoor = exchangeDoorOf(grpcClient);

/** The spec's method: one subscription, typed events. */
export const typedDoor: StreamDoor = {
  name: 'gRPC StreamMonitoring',
  open(app, selection) {
    const client = grpcClient(app);
    return Promise.resolve(
      listenTo(client, client.StreamMonitoring(wireSelection(selection), metadataOf(app)), typedMessages()),
    );
  },
};

/** Typed messages have no feed of their own: the one that `subscribed` named. */
function typedMessages(): (message: Fields) => Message[] {
  let feed = 0;
  return (message) => {
    if (message.subscribed) {
      feed = (message.subscribed as { feed: number }).feed;
      return [{ type: 'subscribed', payload: message.subscribed } as Message];
    }
    if (message.gap) return [{ type: 'gap', payload: message.gap } as Message];
    if (message.status) return [{ type: 'status', payload: message.status } as Message];
    const { lane, epoch, prev, pos, last, snapshot, dropped } = message;
    const events = (message.events as Fields[]).map(storedEvent);
    const payload = { feed, lane, epoch, prev, pos, last, events, ...(dropped ? { dropped } : {}) };
    return [{ type: snapshot === true ? 'snapshot' : 'data', payload } as unknown as Message];
  };
}

/** Of the spec's `MonitoringDistribution`, in its own shape of `monitoring_data_distributed`. */
function storedEvent(event: Fields): Fields {
  const { event_id, data_type, data } = event;
  const routing = event.routing as Fields;
  const timestamp = event.timestamp as { seconds: number; nanos: number };
  const metadata = event.metadata as Fields;
  const { topic, routing_key, target_subscribers, priority } = routing;
  return {
    event_id,
    timestamp: new Date(timestamp.seconds * 1000 + timestamp.nanos / 1e6).toISOString(),
    data_type,
    distribution: { topic, routing_key, target_subscribers, priority },
    // Empty if a transformation took it away.
    data: (data as Buffer).length === 0 ? undefined : (JSON.parse((data as Buffer).toString()) as unknown),
    metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => !name.startsWith('_'))),
  };
}
