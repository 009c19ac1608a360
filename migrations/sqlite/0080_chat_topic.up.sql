-- service, service_id: what it is about in the application around it.
CREATE TABLE chat_topic (
    chat_id INTEGER NOT NULL PRIMARY KEY,
    service TEXT NOT NULL,
    service_id TEXT
) STRICT;
