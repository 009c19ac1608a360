DROP INDEX chat_by_title;
