CREATE TABLE api_keys (
  id           varchar(32) PRIMARY KEY,
  tenant       varchar(63) NOT NULL,
  name         varchar(200) NOT NULL,
  secret_hash  char(64) NOT NULL,
  permissions  jsonb NOT NULL,
  created_at   timestamptz NOT NULL,
  expires_at   timestamptz,
  revoked_at   timestamptz,
  last_used_at timestamptz
);
CREATE INDEX api_keys_of_tenant ON api_keys (tenant, id);
COMMENT ON TABLE api_keys IS 'Who may call: the secret itself is nowhere, only its SHA-256.';
