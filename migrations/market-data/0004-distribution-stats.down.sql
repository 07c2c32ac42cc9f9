DROP TABLE distribution_stats;
