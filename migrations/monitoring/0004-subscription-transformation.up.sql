ALTER TABLE monitoring_subscriptions ADD COLUMN output json;
COMMENT ON COLUMN monitoring_subscriptions.output IS 'What its events are made into: transformation, fields, format. Null: they are sent as they are.';
