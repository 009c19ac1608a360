DROP INDEX scheduled_file_index ON scheduled_file;
