CREATE TABLE audit_log (
  sequence       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id             uuid NOT NULL UNIQUE,
  at             timestamptz NOT NULL,
  tenant         varchar(64) NOT NULL,
  principal      varchar(200) NOT NULL,
  principal_kind varchar(20) NOT NULL,
  act            varchar(100) NOT NULL,
  target         varchar(300),
  outcome        varchar(10) NOT NULL CHECK (outcome IN ('done', 'refused', 'failed')),
  code           varchar(50),
  door           varchar(20) NOT NULL,
  trace_id       varchar(64),
  address        varchar(64),
  before         jsonb,
  after          jsonb,
  count          integer NOT NULL DEFAULT 1 CHECK (count > 0)
);
CREATE INDEX audit_log_by_tenant ON audit_log (tenant, sequence DESC);
CREATE INDEX audit_log_by_time ON audit_log (at);
COMMENT ON TABLE audit_log IS 'Administrative acts and failed attempts to be let in. Rows are added and, when they are old, removed.';
