-- What of a lane is dealt with, or has failed, above its position: {"acked": [position], "failures": {position: times}}.
ALTER TABLE subscription_cursors ADD COLUMN above jsonb;

-- The index of the dead letters; the events themselves lie in the dead-letter topic.
CREATE TABLE dead_letters (
  dead_letter_id    uuid PRIMARY KEY,
  tenant            varchar(100) NOT NULL,
  subscription_id   varchar(100) NOT NULL,
  topic             varchar(200) NOT NULL,
  partition         integer NOT NULL CHECK (partition >= 0),
  epoch             varchar(64) NOT NULL,
  position          varchar(24) COLLATE "C" NOT NULL,
  event_id          text NOT NULL,
  routing_key       text NOT NULL,
  reason            varchar(40) NOT NULL,
  fault             varchar(10) NOT NULL CHECK (fault IN ('receiver', 'service')),
  attempts          integer NOT NULL,
  first_failure_at  bigint NOT NULL,
  last_failure_at   bigint NOT NULL,
  buried_at         bigint NOT NULL,
  letter_topic      varchar(200) NOT NULL,
  letter_partition  integer NOT NULL,
  letter_epoch      varchar(64) NOT NULL,
  letter_position   varchar(24) COLLATE "C" NOT NULL,
  status            varchar(10) NOT NULL CHECK (status IN ('dead', 'replaying', 'replayed', 'discarded')),
  replay_target     varchar(12) CHECK (replay_target IN ('subscription', 'topic')),
  replays           integer NOT NULL DEFAULT 0,
  changed_at        bigint NOT NULL,
  UNIQUE (subscription_id, topic, partition, epoch, position)
);
CREATE INDEX dead_letters_by_age ON dead_letters (tenant, buried_at, dead_letter_id);
CREATE INDEX dead_letters_in_replay ON dead_letters (subscription_id) WHERE status = 'replaying';
COMMENT ON TABLE dead_letters IS 'Times are epoch microseconds. A letter buried again after it was replayed is dead again.';
