-- What was distributed of a topic in the interval that ends at `timestamp`, by one process. Counts are 64 bits: a topic of
-- 2 M events a second passes 32 bits of bytes in seconds.
CREATE TABLE distribution_stats (
  id                   uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  timestamp            timestamptz NOT NULL,
  topic_name           varchar(200) NOT NULL,
  messages_distributed bigint NOT NULL DEFAULT 0,
  bytes_distributed    bigint NOT NULL DEFAULT 0,
  avg_latency_ms       double precision,
  error_count          bigint NOT NULL DEFAULT 0,
  active_subscriptions integer NOT NULL DEFAULT 0,
  created_at           timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_distribution_stats_topic_time ON distribution_stats (topic_name, timestamp DESC);
-- What is too old is deleted by this.
CREATE INDEX distribution_stats_time ON distribution_stats (timestamp);
