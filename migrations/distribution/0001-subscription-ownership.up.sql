CREATE TABLE subscription_ownership (
  subscription_id varchar(100) PRIMARY KEY,
  owner_id        varchar(100),
  generation      bigint NOT NULL CHECK (generation > 0),
  expires_at      timestamptz NOT NULL
);
COMMENT ON TABLE subscription_ownership IS 'Who may move the positions of a durable subscription, and until when.';
