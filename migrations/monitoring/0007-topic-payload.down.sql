ALTER TABLE monitoring_topics DROP COLUMN payload;
