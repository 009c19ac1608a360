DROP INDEX posted_in_message ON posted;
