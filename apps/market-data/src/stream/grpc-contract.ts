import { MARKET_DATA_PACKAGE, MARKET_DATA_PROTO } from '@distributary/contracts';
import type { GrpcContract } from '@distributary/distribution-service';

export const MARKET_DATA_GRPC: GrpcContract = {
  proto: MARKET_DATA_PROTO,
  package: MARKET_DATA_PACKAGE,
  service: 'MarketDataStream',
};
