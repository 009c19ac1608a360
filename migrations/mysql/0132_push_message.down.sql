DROP TABLE push_message;
