-- Positions are opaque and ordered by their bytes: collation C compares them so.
CREATE TABLE subscription_cursors (
  subscription_id varchar(100) NOT NULL,
  topic           varchar(200) NOT NULL,
  partition       integer NOT NULL CHECK (partition >= 0),
  epoch           varchar(64) NOT NULL,
  position        varchar(24) COLLATE "C" NOT NULL,
  updated_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (subscription_id, topic, partition)
);
COMMENT ON TABLE subscription_cursors IS 'Everything up to and including the position is dealt with.';
