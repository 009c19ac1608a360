CREATE INDEX scheduled_file_index ON scheduled_file (scheduled_id);
