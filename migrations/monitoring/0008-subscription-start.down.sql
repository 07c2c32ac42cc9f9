ALTER TABLE monitoring_subscriptions DROP COLUMN start;
