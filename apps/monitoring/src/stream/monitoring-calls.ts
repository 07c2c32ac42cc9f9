import { MONITORING_PACKAGE, MONITORING_PROTO, monitoringDistributionMessage } from '@distributary/contracts';
import {
  type ExchangeCall,
  GrpcDoor,
  type PublishCalls,
  type PublishStreamCall,
  responseSerializer,
  type StreamSessions,
  type TypedMessages,
  typedMessages,
} from '@distributary/distribution-nest';

export const MONITORING_GRPC_SERVICE = `${MONITORING_PACKAGE}.MonitoringStream`;

export type StreamCall = Parameters<GrpcDoor['stream']>[0];

const serializerOf = (method: string) => responseSerializer(MONITORING_PROTO, MONITORING_GRPC_SERVICE, method);

/** The gRPC door of this service, and what it says in the types of its own .proto file. */
export class MonitoringCalls {
  private readonly door: GrpcDoor;
  private readonly typed: TypedMessages;

  constructor(
    sessions: StreamSessions,
    private readonly publishing: PublishCalls,
  ) {
    this.door = new GrpcDoor(sessions, serializerOf('Exchange'));
    this.typed = typedMessages({
      name: 'grpc-monitoring',
      serialize: serializerOf('StreamMonitoring'),
      eventOf: monitoringDistributionMessage,
    });
  }

  exchange(call: ExchangeCall): void {
    this.door.exchange(call);
  }

  publishStream(call: PublishStreamCall): void {
    this.publishing.accept(call);
  }

  stream(call: StreamCall, request: object): Promise<void> {
    return this.door.stream(call, request, this.typed);
  }
}
