DROP INDEX posted_of_chat;
