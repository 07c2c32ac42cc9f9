DROP TABLE topics;
DROP FUNCTION topic_defaults;
DROP TABLE catalog_version;
