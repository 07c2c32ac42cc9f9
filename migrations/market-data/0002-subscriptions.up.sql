-- Columns up to last_activity are the specification's, in its words; topic_name holds the first pattern, topic_patterns all of them.
CREATE TABLE subscriptions (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  subscription_id    varchar(100) NOT NULL UNIQUE,
  topic_name         varchar(200) NOT NULL,
  subscription_name  varchar(100) NOT NULL,
  subscription_type  varchar(20) NOT NULL
    CHECK (subscription_type IN ('Exclusive', 'Shared', 'Failover', 'KeyShared')),
  consumer_group     varchar(100),
  filters            json,
  start_position     varchar(20) NOT NULL DEFAULT 'Latest' CHECK (start_position IN ('Latest', 'Earliest', 'MessageId')),
  status             varchar(20) NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'paused', 'error', 'stopped')),
  created_at         timestamptz NOT NULL DEFAULT now(),
  last_activity      timestamptz NOT NULL DEFAULT now(),
  tenant             varchar(100) NOT NULL DEFAULT 'default',
  delivery_guarantee varchar(20) NOT NULL DEFAULT 'at_least_once'
    CHECK (delivery_guarantee IN ('at_most_once', 'at_least_once', 'exactly_once')),
  slow_policy        varchar(20) NOT NULL DEFAULT 'block'
    CHECK (slow_policy IN ('block', 'conflate', 'drop-oldest', 'skip-to-live', 'disconnect')),
  topic_patterns     jsonb NOT NULL,
  key_patterns       jsonb NOT NULL DEFAULT '[]',
  delivery           jsonb NOT NULL DEFAULT '{}',
  output             json,
  revision           bigint NOT NULL DEFAULT 1,
  -- A subscription is to a topic that there is, or to a pattern over topics, which may be there later.
  named_topic        varchar(200) GENERATED ALWAYS AS (CASE WHEN topic_name !~ '[+#]' THEN topic_name END) STORED
    CONSTRAINT subscriptions_topic_name_fkey REFERENCES topics (topic_name)
);
CREATE INDEX idx_subscriptions_topic_status ON subscriptions (topic_name, status);
CREATE INDEX subscriptions_tenant ON subscriptions (tenant);
-- A topic is looked for here when it is deleted.
CREATE INDEX subscriptions_named_topic ON subscriptions (named_topic);
COMMENT ON COLUMN subscriptions.consumer_group IS 'The service that subscribed. Without one: the name of the subscription.';
COMMENT ON COLUMN subscriptions.output IS 'What its events are made into: transformation, fields, format. NULL: they are sent as they are.';

-- The specification's columns alone make a subscription.
CREATE FUNCTION subscription_defaults() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.topic_patterns IS NULL THEN
    NEW.topic_patterns := jsonb_build_array(NEW.topic_name);
    IF NEW.subscription_id LIKE '@%/%' THEN
      NEW.tenant := substr(split_part(NEW.subscription_id, '/', 1), 2);
    END IF;
  END IF;
  NEW.consumer_group := coalesce(NEW.consumer_group, NEW.subscription_name);
  RETURN NEW;
END $$;
CREATE TRIGGER subscription_defaults BEFORE INSERT ON subscriptions
  FOR EACH ROW EXECUTE FUNCTION subscription_defaults();
