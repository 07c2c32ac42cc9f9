CREATE TABLE idempotency_keys (
  scope        varchar(300) NOT NULL,
  key          varchar(200) NOT NULL,
  fingerprint  varchar(64) NOT NULL,
  attempt      varchar(64) NOT NULL,
  answer       json,
  created_at   timestamptz NOT NULL DEFAULT now(),
  locked_until timestamptz NOT NULL,
  expires_at   timestamptz NOT NULL,
  PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
CREATE INDEX idempotency_keys_age ON idempotency_keys (scope, created_at);
COMMENT ON TABLE idempotency_keys IS 'Creating requests that were carried out, and what they were answered with.';
