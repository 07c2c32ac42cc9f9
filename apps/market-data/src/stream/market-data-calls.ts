import { MARKET_DATA_PACKAGE, MARKET_DATA_PROTO, marketDataMessage } from '@distributary/contracts';
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
import { flatCriteria } from './stream-request.js';

export const MARKET_DATA_GRPC_SERVICE = `${MARKET_DATA_PACKAGE}.MarketDataStream`;

export type StreamCall = Parameters<GrpcDoor['stream']>[0];

const serializerOf = (method: string) => responseSerializer(MARKET_DATA_PROTO, MARKET_DATA_GRPC_SERVICE, method);

/** The gRPC door of this service, and what it says in the types of its own .proto file. */
export class MarketDataCalls {
  private readonly door: GrpcDoor;
  private readonly typed: TypedMessages;

  constructor(
    sessions: StreamSessions,
    private readonly publishing: PublishCalls,
  ) {
    this.door = new GrpcDoor(sessions, serializerOf('Exchange'));
    this.typed = typedMessages({
      name: 'grpc-market-data',
      serialize: serializerOf('StreamMarketData'),
      eventOf: marketDataMessage,
    });
  }

  exchange(call: ExchangeCall): void {
    this.door.exchange(call);
  }

  publishStream(call: PublishStreamCall): void {
    this.publishing.accept(call);
  }

  stream(call: StreamCall, request: object): Promise<void> {
    return this.door.stream(call, flatCriteria(request), this.typed);
  }
}
