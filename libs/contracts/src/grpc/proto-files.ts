import { fileURLToPath } from 'node:url';

/** Where the .proto files lie; imports between them start here. */
export const PROTO_ROOT = fileURLToPath(new URL('.', import.meta.url));

export const MONITORING_PROTO = 'distributary/monitoring/v1/monitoring.proto';
export const MONITORING_PACKAGE = 'distributary.monitoring.v1';

export const MARKET_DATA_PROTO = 'distributary/marketdata/v1/market_data.proto';
export const MARKET_DATA_PACKAGE = 'distributary.marketdata.v1';

/** The administration, the same in every service: one file per area, one package. */
export const MANAGEMENT_PACKAGE = 'distributary.management.v1';
export const MANAGEMENT_PROTOS: readonly string[] = [
  'distributary/management/v1/topics.proto',
  'distributary/management/v1/dead_letters.proto',
  'distributary/management/v1/subscriptions.proto',
  'distributary/management/v1/routing.proto',
];

/**
 * How servers load them: names as in the files, so that messages have the fields of the JSON protocol; what was not sent
 * is not there.
 */
export const PROTO_LOADING = {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: false,
  oneofs: true,
  includeDirs: [PROTO_ROOT],
};
