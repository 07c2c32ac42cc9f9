DROP TABLE catalog_version;
DROP TABLE monitoring_topics;
