DROP INDEX chat_topic_service;
