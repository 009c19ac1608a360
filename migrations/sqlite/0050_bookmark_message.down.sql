DROP INDEX bookmark_message;
