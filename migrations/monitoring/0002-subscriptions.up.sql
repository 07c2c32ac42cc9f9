-- Columns up to created_at are the specification's; topic_name holds the first pattern, topic_patterns all of them.
CREATE TABLE monitoring_subscriptions (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  subscription_id    varchar(100) NOT NULL UNIQUE,
  topic_name         varchar(200) NOT NULL,
  subscriber_service varchar(100) NOT NULL,
  filters            json,
  delivery_guarantee varchar(20) DEFAULT 'at_least_once'
    CHECK (delivery_guarantee IN ('at_most_once', 'at_least_once', 'exactly_once')),
  status             varchar(20) DEFAULT 'active' CHECK (status IN ('active', 'paused')),
  created_at         timestamptz DEFAULT now(),
  tenant             varchar(100) NOT NULL DEFAULT 'default',
  type               varchar(20) NOT NULL DEFAULT 'exclusive'
    CHECK (type IN ('exclusive', 'failover', 'shared', 'key_shared')),
  slow_policy        varchar(20) NOT NULL DEFAULT 'block'
    CHECK (slow_policy IN ('block', 'conflate', 'drop-oldest', 'skip-to-live', 'disconnect')),
  topic_patterns     jsonb NOT NULL,
  key_patterns       jsonb NOT NULL DEFAULT '[]'
);
CREATE INDEX monitoring_subscriptions_tenant ON monitoring_subscriptions (tenant);
CREATE INDEX monitoring_subscriptions_topic ON monitoring_subscriptions (topic_name);
