-- Raised by each change, so that the processes that read a subscription notice it.
ALTER TABLE monitoring_subscriptions ADD COLUMN revision bigint NOT NULL DEFAULT 1;
