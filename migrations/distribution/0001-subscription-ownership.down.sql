DROP TABLE subscription_ownership;
