DROP TABLE chat_name;
