-- {"ackTimeoutMs", "maxAttempts", "maxUnacked"}; what is missing is as the service has it.
ALTER TABLE monitoring_subscriptions ADD COLUMN delivery jsonb NOT NULL DEFAULT '{}';
