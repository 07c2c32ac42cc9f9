/** A quota that limits nothing, as it is put. */
export const NO_QUOTA = {
  topics: null,
  durable_subscriptions: null,
  connections: null,
  ingest_events_per_second: null,
  ingest_bytes_per_second: null,
  egress_bytes_per_second: null,
};
