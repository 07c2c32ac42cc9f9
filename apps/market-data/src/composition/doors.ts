import { marketDataMessage, NDJSON } from '@distributary/contracts';
import { type Features, GrpcCalls, type Parts } from '@distributary/distribution-service';
import { EventsController } from '../events/events.controller.js';
import { HistoryController } from '../events/history.controller.js';
import { HistoricalGrpc } from '../historical/historical.grpc.js';
import { HistoricalStreams } from '../historical/historical-streams.js';
import { LatestController } from '../latest/latest.controller.js';
import { LatestService } from '../latest/latest.service.js';
import { HistoricalDataController } from '../queries/historical-data.controller.js';
import { HistoricalDataService } from '../queries/historical-data.service.js';
import { MARKET_DATA_GRPC } from '../stream/grpc-contract.js';
import { RequestsGrpc } from '../stream/requests.grpc.js';
import { flatCriteria } from '../stream/stream-request.js';
import { StreamController } from '../stream/stream.controller.js';
import { StreamGateway } from '../stream/stream.gateway.js';
import { StreamGrpc } from '../stream/stream.grpc.js';
import { SubscriptionRequestsController } from '../subscriptions/subscription-requests.controller.js';

/** What answers at the doors. */
export interface Answering {
  readonly latest: LatestService;
  readonly bars: HistoricalDataService;
  readonly streams: HistoricalStreams;
}

/** The doors that this service has beside those of all services. */
export function doorsOf(parts: Parts, { latest, bars, streams }: Answering): Omit<Features, 'start' | 'stop'> {
  return {
    doors: {
      // What begins with a symbol comes last, or it would take the names of all other resources for one.
      api: [
        EventsController,
        HistoryController,
        RequestsGrpc,
        HistoricalGrpc,
        SubscriptionRequestsController,
        LatestController,
        HistoricalDataController,
      ],
      gateway: [StreamController, StreamGrpc],
    },
    gateways: [StreamGateway],
    modules: [],
    providers: [
      { provide: LatestService, useValue: latest },
      { provide: HistoricalDataService, useValue: bars },
      { provide: HistoricalStreams, useValue: streams },
      {
        provide: GrpcCalls,
        useValue: new GrpcCalls(parts, {
          contract: MARKET_DATA_GRPC,
          typedMethod: 'StreamMarketData',
          eventOf: marketDataMessage,
          fieldsOf: flatCriteria,
        }),
      },
    ],
    bodies: { json: [], bytes: [], texts: [NDJSON] },
    addReads: () => undefined,
    preloaded: [],
  };
}
