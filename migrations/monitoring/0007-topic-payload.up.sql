-- How the payloads of a topic that others write are encoded, and whose schemas they must have. NULL: JSON.
ALTER TABLE monitoring_topics ADD COLUMN payload jsonb;
