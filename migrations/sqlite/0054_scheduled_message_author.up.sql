CREATE INDEX scheduled_message_author ON scheduled_message (author_id, due_at);
