DROP TABLE monitoring_subscriptions;
