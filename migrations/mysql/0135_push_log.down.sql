DROP TABLE push_log;
