-- Where it was to begin; its first reader begins there while no position is stored.
ALTER TABLE monitoring_subscriptions ADD COLUMN start varchar(10) NOT NULL DEFAULT 'latest'
  CHECK (start IN ('latest', 'earliest', 'position'));
