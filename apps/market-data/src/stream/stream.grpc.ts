import { type ExchangeCall, GrpcErrorFilter } from '@distributary/distribution-nest';
import { GrpcCalls, type StreamCall } from '@distributary/distribution-service';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod, GrpcStreamCall } from '@nestjs/microservices';
import { NEVER, type Observable } from 'rxjs';
import { MARKET_DATA_GRPC } from './grpc-contract.js';

/** The streams of `distributary.marketdata.v1.MarketDataStream`; they go out past Nest, as they do over WebSocket. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class StreamGrpc {
  constructor(private readonly calls: GrpcCalls) {}

  @GrpcMethod(MARKET_DATA_GRPC.service, 'StreamMarketData')
  async stream(request: object, _metadata: unknown, call: StreamCall): Promise<Observable<never>> {
    await this.calls.stream(call, request);
    // Nest ends the call with its observable; this one ends with the client or the session.
    return NEVER;
  }

  @GrpcStreamCall(MARKET_DATA_GRPC.service, 'Exchange')
  exchange(call: ExchangeCall): void {
    this.calls.exchange(call);
  }
}
