DROP INDEX chat_name_chat ON chat_name;
