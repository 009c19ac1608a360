DROP INDEX scheduled_file_index;
