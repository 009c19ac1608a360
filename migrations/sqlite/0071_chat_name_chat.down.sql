DROP INDEX chat_name_chat;
