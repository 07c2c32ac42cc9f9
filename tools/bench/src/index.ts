export { ChildProgram, type Message, nodeCommand, serveParent } from './child-program.js';
export {
  type DeliveredEvent,
  type DeliveredMarketEvent,
  isStamped,
  sequenceOf,
  stampedEventText,
} from './event-text.js';
export { freePort } from './free-port.js';
export { IngestConnection, isSuccess, type PostAnswer } from './ingest-connection.js';
export { programPath } from './program-path.js';
export type { Latencies, LoadAnswer, LoadCommand, LoadResult } from './load-messages.js';
export { describeMachine, type MachineFacts, machineFacts } from './machine.js';
export { MARKET_INGEST_PATH, MARKET_STREAM_PATH, startMarketDataService } from './market/market-service.js';
export { monotonicMicros } from './monotonic-clock.js';
export { INGEST_PATH, startMonitoringService, STREAM_PATH } from './monitoring-service.js';
export type { PublisherAnswer, PublisherCommand, PublisherResult, PublishPlan } from './publisher-messages.js';
export { acceptedLatencies } from './run-figures.js';
export { SequenceCheck, type SequenceFindings } from './sequence-check.js';
export { ServerProcess } from './server-process.js';
export { type ServiceOptions, serviceScript, startService } from './service-process.js';
export { median, quantile, type Spread, spreadOf, weightedQuantile } from './statistics.js';
export { table } from './text-table.js';
