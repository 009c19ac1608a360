DROP INDEX posted_of_chat ON posted;
