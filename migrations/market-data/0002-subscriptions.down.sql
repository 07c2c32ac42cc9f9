DROP TABLE subscriptions;
DROP FUNCTION subscription_defaults;
