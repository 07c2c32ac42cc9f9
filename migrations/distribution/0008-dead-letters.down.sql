DROP TABLE dead_letters;
ALTER TABLE subscription_cursors DROP COLUMN above;
