CREATE TABLE tenant_quotas (
  tenant                   varchar(64) PRIMARY KEY,
  topics                   bigint CHECK (topics >= 0),
  durable_subscriptions    bigint CHECK (durable_subscriptions >= 0),
  connections              bigint CHECK (connections >= 0),
  ingest_events_per_second bigint CHECK (ingest_events_per_second > 0),
  ingest_bytes_per_second  bigint CHECK (ingest_bytes_per_second > 0),
  egress_bytes_per_second  bigint CHECK (egress_bytes_per_second > 0),
  updated_by               varchar(200) NOT NULL,
  updated_at               timestamptz NOT NULL
);
COMMENT ON TABLE tenant_quotas IS 'What a tenant may have and use, where it is not the default; NULL: any number.';
