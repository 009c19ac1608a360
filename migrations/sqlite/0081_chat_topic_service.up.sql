CREATE UNIQUE INDEX chat_topic_service ON chat_topic (service, service_id);
