import { GrpcErrorFilter } from '@distributary/distribution-nest';
import { GrpcCalls, type StreamCall } from '@distributary/distribution-service';
import { Controller, UseFilters } from '@nestjs/common';
import { GrpcMethod } from '@nestjs/microservices';
import { EMPTY, type Observable } from 'rxjs';
import { MARKET_DATA_GRPC } from '../stream/grpc-contract.js';
import { HistoricalStreams } from './historical-streams.js';

/** The past in `distributary.marketdata.v1.MarketDataStream`. */
@Controller()
@UseFilters(GrpcErrorFilter)
export class HistoricalGrpc {
  constructor(
    private readonly calls: GrpcCalls,
    private readonly streams: HistoricalStreams,
  ) {}

  @GrpcMethod(MARKET_DATA_GRPC.service, 'StreamHistoricalData')
  async stream(request: object, _metadata: unknown, call: StreamCall): Promise<Observable<never>> {
    await this.calls.pull(call, (principal, signal) => this.streams.frames(request, principal, signal));
    return EMPTY;
  }
}
