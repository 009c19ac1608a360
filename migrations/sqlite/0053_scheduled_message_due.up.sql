CREATE INDEX scheduled_message_due ON scheduled_message (failure, due_at);
