CREATE TABLE distribution_metrics_ts (
  timestamp             timestamptz NOT NULL,
  topic_name            varchar(200) NOT NULL,
  partition_id          integer,
  throughput_per_second double precision,
  latency_p50_ms        double precision,
  latency_p99_ms        double precision,
  error_rate            double precision,
  backlog_size          bigint,
  consumer_count        integer,
  producer_count        integer
) PARTITION BY RANGE (timestamp);
CREATE TABLE message_delivery_log (
  timestamp           timestamptz NOT NULL,
  message_id          varchar(100) NOT NULL,
  topic_name          varchar(200) NOT NULL,
  partition_id        integer,
  offset_position     bigint,
  delivery_latency_ms double precision,
  retry_count         integer NOT NULL DEFAULT 0,
  status              varchar(20) NOT NULL CHECK (status IN ('delivered', 'failed', 'retrying')),
  error_message       text
) PARTITION BY RANGE (timestamp);

-- How the time series are cut, and for how long they are kept. `kept` may be changed; intervals are in hours, for a day has
-- 23 where the session's clocks change.
CREATE TABLE time_series (
  table_name       varchar(63) PRIMARY KEY,
  chunk            interval NOT NULL,
  kept             interval NOT NULL CHECK (kept >= interval '1 hour'),
  compressed_after interval NOT NULL,
  segment_by       varchar(63) NOT NULL,
  is_hypertable    boolean NOT NULL DEFAULT false
);
INSERT INTO time_series (table_name, chunk, kept, compressed_after, segment_by) VALUES
  ('distribution_metrics_ts', '1 hour', '168 hours', '24 hours', 'topic_name'),
  ('message_delivery_log', '24 hours', '720 hours', '168 hours', 'topic_name');

-- Hypertables where the database has the extension by now. One that is partitioned cannot become a hypertable.
DO $$
DECLARE
  own text := current_schema();
  extension text;
  series time_series;
BEGIN
  SELECT nspname INTO extension
    FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'timescaledb';
  IF extension IS NULL THEN
    RETURN;
  END IF;
  FOR series IN SELECT * FROM time_series LOOP
    EXECUTE format('CREATE TABLE plain (LIKE %I INCLUDING ALL)', series.table_name);
    EXECUTE format('DROP TABLE %I', series.table_name);
    EXECUTE format('ALTER TABLE plain RENAME TO %I', series.table_name);
    EXECUTE format('SELECT %I.create_hypertable(%L::regclass, %L, chunk_time_interval => %L::interval,
                                                create_default_indexes => false)',
                   extension, format('%I.%I', own, series.table_name), 'timestamp', series.chunk);
    BEGIN
      EXECUTE format('ALTER TABLE %I SET (timescaledb.compress, timescaledb.compress_segmentby = %L,
                                          timescaledb.compress_orderby = %L)',
                     series.table_name, series.segment_by, '"timestamp" DESC');
      EXECUTE format('SELECT %I.add_compression_policy(%L::regclass, %L::interval)',
                     extension, format('%I.%I', own, series.table_name), series.compressed_after);
    EXCEPTION WHEN feature_not_supported THEN
      -- The edition under the Apache licence has no compression.
      RAISE NOTICE 'chunks of % are not compressed', series.table_name;
    END;
    UPDATE time_series SET is_hypertable = true WHERE table_name = series.table_name;
  END LOOP;
END $$;

CREATE INDEX idx_distribution_metrics_topic_time ON distribution_metrics_ts (topic_name, timestamp DESC);
CREATE INDEX idx_delivery_log_message_time ON message_delivery_log (message_id, timestamp DESC);

-- Makes the partitions of the chunks around `at` that are not there, and drops those that are wholly too old, at most
-- `most` in a call; hypertables make their own, and drop all at once. One caller works at a time; another has nothing to do.
-- Dropping waits for who uses the table: not for long, for everybody else waits behind it.
CREATE FUNCTION maintain_time_series(at timestamptz, most integer)
  RETURNS TABLE (created integer, dropped integer) LANGUAGE plpgsql SET search_path FROM CURRENT SET lock_timeout = '2s' AS $$
DECLARE
  series time_series;
  extension text;
  begins timestamptz;
  partition text;
  gone integer;
BEGIN
  created := 0;
  dropped := 0;
  IF NOT pg_try_advisory_xact_lock(7102) THEN
    RETURN NEXT;
    RETURN;
  END IF;
  FOR series IN SELECT * FROM time_series ORDER BY table_name LOOP
    IF series.is_hypertable THEN
      SELECT nspname INTO extension
        FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'timescaledb';
      EXECUTE format('SELECT count(*) FROM %I.drop_chunks(%L::regclass, older_than => $1)', extension, series.table_name)
        INTO gone USING at - series.kept;
      dropped := dropped + gone;
      CONTINUE;
    END IF;
    -- The one before, for what is written at its end; two ahead, for the next call may be late.
    FOR ahead IN -1 .. 2 LOOP
      begins := date_bin(series.chunk, at, timestamptz '2000-01-01 00:00:00Z') + ahead * series.chunk;
      partition := series.table_name || to_char(begins AT TIME ZONE 'UTC', '"_"YYYYMMDDHH24');
      CONTINUE WHEN to_regclass(quote_ident(partition)) IS NOT NULL;
      -- Attached, and not created as one: that would wait for everybody who reads or writes the table.
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, series.table_name);
      EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                     series.table_name, partition, begins, begins + series.chunk);
      created := created + 1;
    END LOOP;
    FOR partition IN
      SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
       WHERE inhparent = series.table_name::regclass
         AND to_timestamp(right(relname, 10) || '+00', 'YYYYMMDDHH24TZH') + series.chunk <= at - series.kept
       ORDER BY relname LIMIT greatest(most - dropped, 0)
    LOOP
      EXECUTE format('DROP TABLE %I', partition);
      dropped := dropped + 1;
    END LOOP;
  END LOOP;
  RETURN NEXT;
END $$;
SELECT * FROM maintain_time_series(now(), 0);
