DROP INDEX chat_topic_service ON chat_topic;
