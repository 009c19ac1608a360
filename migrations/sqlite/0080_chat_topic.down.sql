DROP TABLE chat_topic;
