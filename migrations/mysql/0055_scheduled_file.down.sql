DROP TABLE scheduled_file;
