-- What was delivered of each topic and day (UTC). Several processes add to one row; a minute counts as served if any of
-- them served the topic all through it.
CREATE TABLE delivery_statistics (
  topic          varchar(200) NOT NULL,
  day            date NOT NULL,
  tenant         varchar(100) NOT NULL,
  events         bigint NOT NULL DEFAULT 0 CHECK (events >= 0),
  deliveries     bigint NOT NULL DEFAULT 0 CHECK (deliveries >= 0),
  failed         bigint NOT NULL DEFAULT 0 CHECK (failed >= 0),
  dropped        bigint NOT NULL DEFAULT 0 CHECK (dropped >= 0),
  latencies      bigint[] NOT NULL,
  served_minutes bit(1440) NOT NULL,
  updated_at     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (topic, day)
);
CREATE INDEX delivery_statistics_tenant ON delivery_statistics (tenant, day);
CREATE INDEX delivery_statistics_day ON delivery_statistics (day);
COMMENT ON COLUMN delivery_statistics.latencies IS 'Deliveries by bucket of latency; bucket n > 0 ends at 0.05 ms * 2^(n/6).';
COMMENT ON COLUMN delivery_statistics.served_minutes IS 'One bit for each minute of the day.';
